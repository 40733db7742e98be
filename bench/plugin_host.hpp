// A broker plugin as `signalbox serve` has it, without a server around it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signalbox/broker.hpp"

#include "core/config/config.hpp"
#include "core/config/sources.hpp"

namespace signalbox::bench {

/// Where an instance that is started here gets its configuration: secrets may stand in the environment, settings do not.
/// `file`: may be empty. `settings`: KEY=VALUE as for --set; they win over it.
[[nodiscard]] Source instance_source(const std::string& file, const std::vector<std::string>& settings);

/// Made with its broker, which it stops when it ends.
///
/// Threading: the broker has threads of its own: not to be forked from.
class PluginHost final : private Host {
 public:
  /// Called from the broker's threads.
  using Deliver = std::function<void(std::span<const Message>)>;

  /// `source`: names the plugin as well. `role` goes into the instance id, with the process's id. Errors: ConfigError.
  PluginHost(const Source& source, const std::string& role, Deliver deliver = {});
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;
  ~PluginHost() override;

  /// Errors: std::runtime_error with what the broker says, if it is not ready after `patience`.
  void wait_ready(std::chrono::milliseconds patience);

  [[nodiscard]] Broker& broker() noexcept { return *broker_; }
  [[nodiscard]] const Config& config() const noexcept { return config_; }
  /// As the plugin calls itself, which a path does not tell.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel) const noexcept override { return false; }
  void log(LogLevel, std::string_view) noexcept override {}
  void deliver(std::span<const Message> messages) noexcept override;
  void gap(std::span<const std::string_view>, std::string_view) noexcept override {}
  void state(State state, std::span<const std::string_view> reasons) noexcept override;
  void refused(std::string_view, const Status&) noexcept override {}

  const std::string instance_id_;
  const Deliver deliver_;
  std::string name_;
  Config config_;
  HostInfo info_;
  std::unique_ptr<Broker> broker_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  std::string reason_ = "not connected";
};

}  // namespace signalbox::bench
