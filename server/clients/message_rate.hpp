// How much a client says: what limits.messages_per_second is held against.
#pragma once

#include <chrono>
#include <cstdint>

#include "server/net/timing_wheel.hpp"

namespace signalbox {

/// Counts messages and control frames over a window. 8 bytes: each connection has one.
class MessageRate {
 public:
  /// The rate is an average over so long, so that what a slow network has held back may come at once.
  static constexpr std::chrono::seconds kWindow{10};

  explicit MessageRate(TimingWheel::Tick now) noexcept : since_(now) {}

  void count(TimingWheel::Tick now, std::uint32_t messages = 1) noexcept {
    if (now - since_ >= TimingWheel::ticks(kWindow)) {
      since_ = now;
      counted_ = 0;
    }
    counted_ += messages;
  }
  /// 0 per second: never.
  [[nodiscard]] bool exceeds(std::uint64_t per_second) const noexcept {
    return per_second != 0 && counted_ > per_second * static_cast<std::uint64_t>(kWindow.count());
  }

 private:
  TimingWheel::Tick since_;
  std::uint32_t counted_ = 0;
};

}  // namespace signalbox
