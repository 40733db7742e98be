#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"

namespace signalbox {

/// Writes down all that it is told, a line each.
class LineHost final : public Host {
 public:
  LineHost() {
    info_.instance_id = "instance-1";
    info_.channel_prefix = "app:";
    info_.call_timeout = std::chrono::milliseconds(1500);
    info_.payload_bytes = 4242;
  }
  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel level) const noexcept override { return level >= LogLevel::warning; }
  void log(LogLevel level, std::string_view text) noexcept override {
    note("log " + std::to_string(static_cast<int>(level)) + " " + std::string(text));
  }
  void deliver(std::span<const Message> messages) noexcept override {
    std::string line = "deliver";
    for (const Message& message : messages) line += " " + std::string(message.channel) + "=" + std::string(message.payload);
    note(line);
  }
  void gap(std::span<const std::string_view> channels, std::string_view reason) noexcept override {
    std::string line = "gap";
    for (const std::string_view channel : channels) line += " " + std::string(channel);
    note(line + ": " + std::string(reason));
  }
  void state(State state, std::span<const std::string_view> reasons) noexcept override {
    std::string line = std::string("state ") + word(state);
    for (const std::string_view reason : reasons) line += "; " + std::string(reason);
    note(line);
    if (during_state) during_state();
  }
  void refused(std::string_view channel, const Status& why) noexcept override {
    note("refused " + std::string(channel) + ": " + why.code.message() + " " + std::string(why.detail));
  }
  std::function<void()> during_state;
  void set_call_timeout(std::chrono::milliseconds timeout) { info_.call_timeout = timeout; }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(lines_, {});
  }

 private:
  void note(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }

  std::mutex mutex_;
  HostInfo info_;
  std::vector<std::string> lines_;
};

}  // namespace signalbox
