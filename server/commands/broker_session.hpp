// A broker for one question from a shell: made, waited for, asked, stopped.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "signalbox/broker.hpp"

#include "core/config/config.hpp"
#include "server/broker_factory.hpp"

namespace signalbox::commands {

/// Threading: one thread.
class BrokerSession final : private Host {
 public:
  /// Errors: ConfigError: the plugin is missing or refuses its settings, or the broker is in memory, where nobody else is.
  explicit BrokerSession(const Config& config);
  BrokerSession(const BrokerSession&) = delete;
  BrokerSession& operator=(const BrokerSession&) = delete;
  ~BrokerSession() override;

  /// Waits until the broker is ready, as long as a call may take: one that is not by then may still serve a part of the users,
  /// and says so of each. Returns why it refuses to serve any, or nothing.
  std::optional<std::string> wait_ready();
  [[nodiscard]] Broker& broker() noexcept { return *broker_; }

 private:
  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel level) const noexcept override { return level == LogLevel::error; }
  void log(LogLevel level, std::string_view text) noexcept override;
  void deliver(std::span<const Message>) noexcept override {}
  void gap(std::span<const std::string_view>, std::string_view) noexcept override {}
  void state(State state, std::span<const std::string_view> reasons) noexcept override;
  void refused(std::string_view, const Status&) noexcept override {}

  const std::string instance_id_;
  const std::string prefix_;
  HostInfo info_;
  std::unique_ptr<Broker> broker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::connecting;
  std::string reason_;
};

}  // namespace signalbox::commands
