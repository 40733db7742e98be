// How a load test went, second by second.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "bench/schedule.hpp"

namespace signalbox::bench {

/// To be shared by processes (shared_latencies.hpp). Threading: each part has one writer, whoever reads.
class Timeline {
 public:
  using Clock = Schedule::Clock;
  static constexpr std::size_t kSeconds = 3 * 3600;  ///< what is later counts for the last

  struct Second {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::int64_t> longest{0};  ///< latency, in nanoseconds
  };

  /// When second 0 begins; what is earlier is not counted, and what had been counted until now is forgotten.
  void begin(Clock::time_point time) noexcept {
    for (Second& second : seconds_) second.count = 0, second.longest = 0;
    begin_ = time.time_since_epoch().count();
  }

  void count(Clock::time_point now, std::chrono::nanoseconds latency) noexcept {
    const std::int64_t begin = begin_;
    const std::int64_t since = now.time_since_epoch().count() - begin;
    if (begin == 0 || since < 0) return;
    Second& second = seconds_[std::min(static_cast<std::size_t>(since / 1'000'000'000), kSeconds - 1)];
    ++second.count;
    if (latency.count() > second.longest) second.longest = latency.count();
  }

  [[nodiscard]] const Second& second(std::size_t number) const noexcept { return seconds_[number]; }

 private:
  std::atomic<std::int64_t> begin_{0};
  std::array<Second, kSeconds> seconds_;
};

}  // namespace signalbox::bench
