// A host for a broker that is made but never started: to hear what its constructor says.
#pragma once

#include <string>

#include "signalbox/broker.hpp"

#include "core/config/config.hpp"
#include "core/delivery/envelope.hpp"

namespace signalbox {

class SilentHost final : public Host {
 public:
  explicit SilentHost(const Config& config)
      : prefix_(config.broker.channel_prefix),
        info_{"check", prefix_, config.broker.timeout, config.limits.message_bytes + kEnvelopeBytes} {}

  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel) const noexcept override { return false; }
  void log(LogLevel, std::string_view) noexcept override {}
  void deliver(std::span<const Message>) noexcept override {}
  void gap(std::span<const std::string_view>, std::string_view) noexcept override {}
  void state(State, std::span<const std::string_view>) noexcept override {}
  void refused(std::string_view, const Status&) noexcept override {}

 private:
  const std::string prefix_;
  HostInfo info_;
};

}  // namespace signalbox
