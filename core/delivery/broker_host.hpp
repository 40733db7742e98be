// What a broker calls: sorts what arrives by shard, and keeps the broker's state for all who ask.
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signalbox/broker.hpp"

#include "core/delivery/sequence_window.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/users/user_registry.hpp"

namespace signalbox {

/// One message on its way to the shards that hold its user.
struct RoutedMessage {
  ShardSet shards = 0;
  std::string_view user_key;
  std::string_view payload;
  bool text = false;  ///< a claim: whoever frames the payload checks that it is UTF-8
};

/// Takes what is for this instance's connections.
/// Threading: any thread of the broker; never blocks. Views live for the call.
class DeliverySink {
 public:
  virtual ~DeliverySink() = default;
  /// Hands over one batch: each shard is woken once at most.
  virtual void hand_over(std::span<const RoutedMessage> batch) = 0;
  /// Messages to this user (empty: to any user) may have been missed.
  virtual void gap(ShardSet shards, std::string_view user_key, std::string_view reason) = 0;
  /// The back end wants the user's connections closed.
  virtual void disconnect(ShardSet shards, std::string_view user_key) = 0;
};

/// Where the broker stands, for readyz and the API.
struct BrokerStatus {
  State state = State::connecting;
  std::vector<std::string> reasons;
};

/// The host of the one broker of an instance.
///
/// Threading: any thread. Lifetime: made before the broker (a plugin is constructed with it), outlives it.
class BrokerHost final : public Host {
 public:
  /// `name`: the plugin's, for the log.
  BrokerHost(std::string name, std::string instance_id, std::string channel_prefix, std::chrono::milliseconds call_timeout,
             std::size_t message_bytes, Log& log, Metrics& metrics);

  /// Before Broker::start(): whom to tell. All outlive the broker's stop().
  void attach(Broker& broker, UserRegistry& registry, DeliverySink& sink) noexcept;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] BrokerStatus status() const;

  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel level) const noexcept override;
  void log(LogLevel level, std::string_view text) noexcept override;
  void deliver(std::span<const Message> messages) noexcept override;
  void gap(std::span<const std::string_view> channels, std::string_view reason) noexcept override;
  void state(State state, std::span<const std::string_view> reasons) noexcept override;
  void refused(std::string_view channel, const Status& why) noexcept override;

 private:
  void route(const Message& message, std::vector<RoutedMessage>& batch);
  void obey(const Message& message);
  /// The user key of a channel, or empty if it is not a user's.
  [[nodiscard]] std::string_view user_of(std::string_view channel) const noexcept;
  [[nodiscard]] std::string too_small_payload() const;

  const std::string name_;
  const std::string instance_id_;
  const std::string prefix_;
  const std::string control_channel_;
  const std::size_t message_bytes_;
  HostInfo info_;
  Log& log_;
  Metrics& metrics_;
  Broker* broker_ = nullptr;
  UserRegistry* registry_ = nullptr;
  DeliverySink* sink_ = nullptr;

  SequenceWindow window_;
  mutable std::mutex mutex_;
  BrokerStatus status_;
  bool was_ready_ = false;
};

}  // namespace signalbox
