// A connection that listens: SUBSCRIBE, UNSUBSCRIBE, or what they are in a cluster, and the messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/subscriptions.hpp"
#include "brokers/redis/dialect.hpp"
#include "brokers/redis/hash_tags.hpp"
#include "brokers/redis/protocol.hpp"

namespace signalbox::redis {

using brokers::CallList;
using brokers::Channel;
using brokers::ChannelState;
using brokers::Have;
using brokers::Subscriptions;
using brokers::Verb;

class SubscriberEvents {
 public:
  virtual ~SubscriberEvents() = default;
  /// In the order of the wire; the views live for the call.
  virtual void on_messages(std::span<const Message> messages) = 0;
  /// The server refuses a channel whose subscribe has completed before: its rules had changed at the reconnect.
  virtual void on_refused(std::string_view channel, std::string_view detail) = 0;
  /// Confirmed again after a link was lost, or a slot had moved, on which they had been confirmed. Comes before their
  /// messages; the views live for the call.
  virtual void on_missed(std::span<const std::string_view> channels) = 0;
};

/// Brings what the server has in line with what is wanted, over any number of links.
///
/// In a cluster a slot may leave the server, which then says that its channels are unsubscribed, in words that answer
/// SUNSUBSCRIBE as well. So each SUNSUBSCRIBE has a PING behind it, whose answer ends it; and what the slot's channels need is
/// put off until the slot's new server is known, which may be this one again.
///
/// A private channel serves as loopback probe: whoever holds the command connection publishes there (probe_due()).
class SubscriberProtocol final : public Protocol {
 public:
  static constexpr std::size_t kChannelsPerCommand = 512;
  /// Channels whose answer is awaited: bounds the server's work between two of our reads.
  static constexpr std::size_t kWindow = 8192;
  static constexpr Duration kProbeIdle{5000};
  static constexpr Duration kProbeEcho{3000};
  /// Messages come on a link whose other direction may be dead: so long without a confirmation, and they count for nothing.
  static constexpr Duration kUnconfirmed{30'000};
  /// How long a channel waits of which the server says that it is elsewhere.
  static constexpr Duration kPutOff{100};

  /// resubscribe_rate: channels a second after a reconnect. tags: nullptr for classic pub/sub; channels are by their names on
  /// the wire here, and by their own in `events`.
  SubscriberProtocol(Handshake handshake, Duration call_timeout, std::string probe_channel, std::size_t resubscribe_rate,
                     SubscriberEvents& events, const HashTags* tags = nullptr);

  void subscribe(const std::string& channel, Done done, Time deadline) {
    channels_.subscribe(channel, std::move(done), deadline, probed());
  }
  void unsubscribe(const std::string& channel, Done done, Time deadline) {
    channels_.unsubscribe(channel, std::move(done), deadline);
  }

  /// What is wanted of a channel, on its way to another connection.
  struct Handed {
    std::string name;
    bool missed;
    bool recovering;
    std::vector<CallList::Taken> subscribes;

    /// Long ago if it has no call.
    [[nodiscard]] Time first_deadline() const noexcept { return subscribes.empty() ? Time() : subscribes.front().deadline; }
  };
  /// Wants no more the channels for which `leaves` says so: they are wanted elsewhere. Lasts as long as they are many.
  [[nodiscard]] std::vector<Handed> give_up(const std::function<bool(std::string_view name)>& leaves);
  void take_in(Handed handed);
  /// Whether a channel was found to be elsewhere since this was last asked.
  [[nodiscard]] bool take_redirected() noexcept { return std::exchange(redirected_, false); }
  /// The channel is wanted, and must be confirmed before the broker is ready.
  [[nodiscard]] bool awaits(const std::string& channel);

  /// Established, the probe has answered, and all that must be confirmed is.
  [[nodiscard]] bool settled() const noexcept { return established() && probed() && channels_.recovering() == 0; }
  [[nodiscard]] std::size_t recovering() const noexcept { return channels_.recovering(); }
  [[nodiscard]] bool lost_channels() const noexcept { return channels_.lost_channels(); }

  [[nodiscard]] const std::string& probe_channel() const noexcept { return probes_.back().first; }
  /// The slot of the present one is elsewhere from now on. What has been proved of the links stands.
  void set_probe_channel(std::string name);
  /// The probe has come back, and the server that took it counted us.
  [[nodiscard]] bool probed() const noexcept { return probe_echoed_ && probe_counted_; }
  [[nodiscard]] bool proven() const noexcept override { return probed(); }
  [[nodiscard]] bool unfinished() const noexcept override { return channels_.unfinished(); }
  /// No call is open, and no command.
  [[nodiscard]] bool at_rest() const noexcept { return channels_.at_rest() && in_flight_.empty() && put_off_.empty(); }
  [[nodiscard]] std::string_view hint(Time now) const override;
  [[nodiscard]] bool probe_due(Time now) const noexcept;
  /// Not before the server has answered the publish: until then it is for the command connection to lose patience. What still
  /// comes is ahead of the echo: a busy connection is not a deaf one.
  [[nodiscard]] bool probe_missed(Time now) const noexcept {
    return probe_sent_ && echo_from_ && now - std::max(*echo_from_, message_at_) >= kProbeEcho;
  }
  void probe_sent() noexcept {
    probe_sent_ = true;
    probe_uncounted_ = true;
    probe_moved_ = false;
    echo_from_.reset();
  }
  /// The server has answered the publish: the echo, if there is one, comes behind what is asked here already, and before what
  /// is asked from now on.
  void probe_answered(Time now) noexcept {
    echo_from_ = now;
    ahead_of_echo_ = channels_in_flight_;
  }
  /// Where the probe was published, we were counted.
  void probe_counted() noexcept {
    probe_counted_ = true;
    probe_uncounted_ = false;
  }
  /// A new one with each restart_probe(), and each new channel: what was sent before proves nothing any more.
  [[nodiscard]] unsigned probe_round() const noexcept { return probe_round_; }
  /// The publishing side has changed: it must prove itself again.
  void restart_probe() noexcept;

  /// Completes every open call with `closed` and begins to unsubscribe from everything.
  void drain() { channels_.drain(); }
  [[nodiscard]] bool drained() const noexcept;

 private:
  struct Batch {
    Verb verb;
    std::vector<Channel*> channels;
    std::size_t answered = 0;
    Time written_at;
    std::string fence;  // what the PING behind it says; empty: none
  };

  void on_established(Time now) override;
  std::size_t take_plain(std::string_view bytes, Time now) override;
  std::optional<Fault> on_reply(Reply reply, Time now) override;
  void on_read_end() override {
    pinged_at_.reset();
    deliver();
  }
  std::optional<Fault> on_turn(Time now, std::string& out) override;
  void on_lost(std::uint64_t sent) override;

  void take_message(Reply reply, Time now);
  [[nodiscard]] bool is_given_up(std::string_view channel);
  bool take_message(std::string_view channel, std::string_view payload, Time now);
  void deliver();
  void tell_missed();
  std::optional<Fault> acknowledge(Verb verb, std::string_view name, Time now);
  void answered(std::size_t channels, Time now) noexcept;
  void confirm(Channel& channel);
  void release(Channel& channel);
  std::optional<Fault> reject(std::string_view error, Time now);
  std::optional<Fault> refuse(Channel& channel, std::string_view error);
  void removed(const std::string& name, Time now);
  std::optional<Fault> pass_fence(std::string_view token, Time now);
  void take_elsewhere(Time now);
  void put_off(Channel& channel, Time now);
  void move_probe() noexcept;
  void take_up(Time now);
  [[nodiscard]] bool is_probe(const Channel& channel) const noexcept;

  [[nodiscard]] bool unconfirmed(Time now) const noexcept;
  std::optional<Fault> keep_alive(Time now, std::string& out);
  void write_commands(Time now, std::string& out);
  void write(Batch batch, Time now, std::string& out);

  SubscriberEvents& events_;
  const HashTags* tags_;
  const Dialect& dialect_;

  Subscriptions channels_;
  std::deque<Batch> halves_;     // of a rejected batch, on the way to the guilty channel
  std::deque<Batch> in_flight_;  // answers come in this order
  std::size_t channels_in_flight_ = 0;
  std::vector<Channel*> put_off_;  // marked as queued
  Time put_off_until_;
  bool redirected_ = false;
  bool gave_up_ = false;  // channels, of which the server may not have taken notice yet
  std::uint64_t fences_ = 0;

  std::list<Channel> probes_;  // the last; before it those whose slot has left, until the link ends
  bool probe_subscribed_ = false;
  bool probe_echoed_ = false;
  bool probe_counted_ = false;
  bool probe_moved_ = false;      // and has not been sent since
  bool probe_uncounted_ = false;  // sent, and the count is still to come; its echo may be here
  unsigned probe_round_ = 0;
  bool probe_sent_ = false;        // and its echo has not come
  std::optional<Time> echo_from_;  // since when the echo is all that is missing
  std::size_t ahead_of_echo_ = 0;  // channels whose answers come before it
  std::optional<Time> pinged_at_;
  Time message_at_;
  Time flooded_at_;   // when a read last was full of messages
  Time answered_at_;  // when a subscription or its end was last answered

  std::vector<std::string_view> missed_;  // to be told; keys of the table
  std::vector<Reply> held_;               // what messages_ points into, beside the bytes of the read
  std::vector<Message> messages_;
  std::size_t held_bytes_ = 0;
};

}  // namespace signalbox::redis
