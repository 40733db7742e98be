// The connection that listens: subscriptions, confirmed by fences, and the messages.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/subscriptions.hpp"
#include "brokers/nats/fence.hpp"
#include "brokers/nats/side.hpp"

namespace signalbox::nats {

/// Brings what the server has in line with what is wanted, over any number of links: a batch of SUB and UNSUB, and a fence
/// behind it that confirms them.
class Subscriber final : public Side {
 public:
  /// Channels a fence confirms.
  static constexpr std::size_t kBatch = 8192;

  /// The server refuses a channel whose subscribe has completed before.
  using Refused = UniqueFunction<void(std::string_view channel, std::string_view detail)>;

  /// resubscribe_rate: channels a second after a reconnect. named_bytes: the longest token that a refusal names whole.
  Subscriber(std::size_t resubscribe_rate, std::size_t named_bytes, Refused refused);

  void subscribe(const std::string& channel, Done done, Time deadline) {
    channels_.subscribe(channel, std::move(done), deadline, proven());
  }
  void unsubscribe(const std::string& channel, Done done, Time deadline) {
    channels_.unsubscribe(channel, std::move(done), deadline);
  }
  /// Whether a message of `channel` is for the host.
  [[nodiscard]] bool delivers(const std::string& channel);

  void on_up(Wire& wire, Time now) override;
  void on_fence(Time now) override;
  void on_answer(std::string_view, Answer) override {}
  void on_violation(const Violation& violation, std::string_view channel) override;
  void on_down() override;
  [[nodiscard]] std::optional<Fault> turn(Time now) override;

  [[nodiscard]] bool unfinished() const noexcept override { return channels_.unfinished(); }
  [[nodiscard]] bool at_rest() const noexcept override { return channels_.at_rest() && batch_.empty() && leaving_.empty(); }
  [[nodiscard]] bool proven() const noexcept override { return fence_.proven(); }

  /// A fence has come back, and all that must be confirmed is.
  [[nodiscard]] bool settled() const noexcept { return proven() && channels_.recovering() == 0; }
  [[nodiscard]] std::size_t recovering() const noexcept { return channels_.recovering(); }
  [[nodiscard]] bool lost_channels() const noexcept { return channels_.lost_channels(); }

  /// Completes every open call with `closed` and begins to unsubscribe from everything.
  void drain() { channels_.drain(); }
  [[nodiscard]] bool drained() const noexcept;

 private:
  using Channel = brokers::Channel;

  void say_batch();
  void refuse(Channel& channel, const std::string& detail);
  void refuse_one_of(std::string_view beginning, const std::string& detail);
  void conclude(Channel& channel);

  std::size_t named_bytes_;
  Refused refused_;

  Wire* wire_ = nullptr;  // nullptr: no link
  FenceState fence_;
  brokers::Subscriptions channels_;
  std::vector<Channel*> batch_;  // said, and the fence is not back
  /// To be given up behind a fence: nats.c drops what it has read and not yet handed over of a subscription that ends.
  std::vector<Channel*> leaving_;
  /// Long names that a batch may have. A refusal of one may be one of any of those that begin alike: they are said again in
  /// smaller batches, down to one, and then in larger ones.
  std::size_t long_names_ = kBatch;
  bool ambiguous_ = false;  // a refusal of this batch was
  std::optional<Fault> fault_;
};

}  // namespace signalbox::nats
