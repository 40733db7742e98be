// A broker without a server: the brokers of one process see each other. For one instance, for trying out, and as the
// reference of what broker.hpp promises.
#pragma once

#include <memory>
#include <span>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/common/options.hpp"

namespace signalbox {

inline constexpr Option kMemoryOptions[] = {
    {"space", "text", "default", "Brokers of one process with the same space share their channels.", 0, 0, 0, 0},
    brokers::kPublishQueueBytes,
};

/// The option table, for the host that links this broker in.
inline std::span<const Option> memory_options() noexcept { return kMemoryOptions; }

/// Every call takes effect before it returns; its completion and the messages it causes follow in the same order on
/// the worker thread of the broker they concern, so nothing is ever superseded.
///
/// What is left of a call is a completion in a queue that only the host itself can hold up. A publish or exists that it holds
/// up past the call's deadline is told what the contract has for a late answer. A subscribe or unsubscribe is told as it is: it
/// holds, and `unavailable` would have to be taken back at once.
///
/// Errors: `overloaded` when a receiver has kMemoryQueueBytes waiting: then nobody gets the message. The same, and nothing is
/// done, when the completions of publish and exists that wait hold publish_queue_bytes. Those of subscribe and unsubscribe,
/// for which the contract has no `overloaded`, are as many as the caller has open (intake.hpp).
class MemoryBroker final : public Broker {
 public:
  explicit MemoryBroker(const Settings& settings);
  ~MemoryBroker() override;

  void start(Host& host) override;
  void subscribe(std::string_view channel, Done done) override;
  void unsubscribe(std::string_view channel, Done done) override;
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override;
  void exists(std::string_view channel, ExistsDone done) override;
  [[nodiscard]] Capabilities capabilities() const override;
  /// Messages and completions that wait are handed over until the deadline; then messages are dropped and calls
  /// complete `closed`.
  void stop(std::chrono::milliseconds deadline) override;

 private:
  class Hub;
  class Worker;

  std::shared_ptr<Hub> hub_;
  std::unique_ptr<Worker> worker_;
};

/// Messages that may wait for one receiver, with 64 bytes of overhead counted for each.
inline constexpr std::size_t kMemoryQueueBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMemoryPayloadBytes = std::size_t{16} << 20;

}  // namespace signalbox
