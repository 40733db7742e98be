// When each message of an open-loop load is meant to go out, whatever the system under test does.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>

namespace signalbox::bench {

/// A constant rate. A latency counted from intended() includes the wait of a message whose turn came while the sender was held
/// up, so a stall of the server shows in full (no coordinated omission).
class Schedule {
 public:
  using Clock = std::chrono::steady_clock;

  /// `per_second` > 0.
  Schedule(Clock::time_point start, double per_second) noexcept : start_(start), per_second_(per_second) {}

  /// When message `n`, from 0, is due. Computed from the start each time, so that rounding does not add up.
  [[nodiscard]] Clock::time_point intended(std::uint64_t n) const noexcept {
    return start_ + std::chrono::nanoseconds(std::llround(static_cast<double>(n) * (1e9 / per_second_)));
  }

  /// How many messages are due by `now`: all below that number are to be sent.
  [[nodiscard]] std::uint64_t due(Clock::time_point now) const noexcept {
    if (now < start_) return 0;
    const std::chrono::duration<double> passed = now - start_;
    auto n = static_cast<std::uint64_t>(passed.count() * per_second_);
    while (intended(n) <= now) ++n;
    while (n > 0 && intended(n - 1) > now) --n;
    return n;
  }

 private:
  Clock::time_point start_;
  double per_second_;
};

}  // namespace signalbox::bench
