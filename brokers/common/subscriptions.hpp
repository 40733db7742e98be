// What one subscriber is to have, on its way to the server: channels, the calls that wait on them, and what is to be said next.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/call_list.hpp"
#include "brokers/common/channel_table.hpp"
#include "brokers/common/time.hpp"

namespace signalbox::brokers {

/// One operation a channel is under way at a time; whatever changes meanwhile is looked at when the server has answered, so
/// flapping costs nothing. Whoever talks to the server takes from the queue what to say (take_front()), and tells what has
/// come of it: confirm(), release(), reject().
///
/// Threading: the broker's thread. Completions are called from inside; they must not call back.
class Subscriptions {
 public:
  /// Channels that are looked for at once, where many are to be said again or given up.
  static constexpr std::size_t kAhead = 512;

  /// resubscribe_rate: channels a second that a new link is told of by itself; none: all at once.
  explicit Subscriptions(std::optional<std::size_t> resubscribe_rate = std::nullopt);

  /// proven: the link does what it is for. Until then the broker is not ready, and the channel is one of those that ready
  /// confirms.
  void subscribe(const std::string& name, Done done, Time deadline, bool proven);
  void unsubscribe(const std::string& name, Done done, Time deadline);

  /// There is a link, on which the server knows of nothing.
  void link_up(Time now);
  /// It is gone, if there was one. under_way: what was taken from the queue and has no answer, or waits elsewhere. Only marks
  /// what there is to do: there may be a hundred thousand of them.
  void link_down(const std::vector<Channel*>& under_way);
  [[nodiscard]] bool linked() const noexcept { return linked_; }

  /// Once each turn of the thread, with or without a link: completes what is late, and what a lost link has left.
  void turn(Time now);
  /// The last turn left work for another at once.
  [[nodiscard]] bool unfinished() const noexcept { return unfinished_; }

  /// Something is to be said of the channel, unless that is known or an operation is under way.
  void enqueue(Channel& channel);
  [[nodiscard]] const std::deque<Channel*>& queue() const noexcept { return queue_; }
  /// While there is a link: the next of which something may be to be said; nullptr: none.
  Channel* front();
  /// Takes it out of the queue: its operation is under way from now on. Nothing: there is none, and it may be gone.
  std::optional<Verb> take_front();

  /// The server has it.
  void confirm(Channel& channel);
  /// The server has it no more, or has never had it. A channel that is not wanted is gone then.
  void release(Channel& channel);
  /// The server refuses it. True: no call has told so, as its subscribe has completed before. It is left to the caller to erase
  /// it from the table.
  [[nodiscard]] bool reject(Channel& channel, std::string_view detail);

  /// Completes every open call with `closed`; from now on nothing is wanted.
  void drain();
  [[nodiscard]] bool draining() const noexcept { return draining_; }
  /// Nothing is left to be said.
  [[nodiscard]] bool drained() const noexcept { return draining_ && table_.scanned() && queue_.empty(); }

  /// Channels that must be confirmed before the broker is ready.
  [[nodiscard]] std::size_t recovering() const noexcept { return table_.recovering(); }
  /// A link was lost on which a channel had been confirmed: what it would have brought may have been missed.
  [[nodiscard]] bool lost_channels() const noexcept { return lost_channels_; }
  /// No call is open, so that no deadline has to be kept.
  [[nodiscard]] bool at_rest() const noexcept { return calls_.empty() && !unfinished_; }
  /// Nothing is queued, and nothing is left of a lost link.
  [[nodiscard]] bool quiet() const noexcept { return queue_.empty() && lost_.empty(); }

  [[nodiscard]] ChannelTable& table() noexcept { return table_; }
  [[nodiscard]] CallList& calls() noexcept { return calls_; }

 private:
  void scan();
  void settle_lost();
  void expire(Time now);

  std::optional<double> resubscribe_rate_;
  double allowance_ = 0;  // channels that may be resubscribed now
  Time allowance_at_;

  ChannelTable table_;
  CallList calls_;
  std::deque<Channel*> queue_;
  std::deque<Channel*> lost_;  // had to do with a link that is gone; marked as queued, settled a slice a turn
  bool linked_ = false;
  bool confirmed_ = false;  // a channel, on the present link
  bool lost_channels_ = false;
  bool draining_ = false;
  bool unfinished_ = false;
};

}  // namespace signalbox::brokers
