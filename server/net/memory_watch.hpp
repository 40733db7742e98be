// Keeps new clients out while the process holds nearly as much memory as it may.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "core/config/live_limits.hpp"
#include "core/observe/log.hpp"

namespace signalbox {

/// What of the process is in memory now. 0 where /proc can't be read.
std::uint64_t resident_bytes();

/// Gives memory that was freed back to the system.
void trim_heap() noexcept;

/// Memory is short from above 90 % of limits.memory until it is below 85 %. What grows meanwhile is bounded by the limits of
/// the queues; here it is only seen to that nobody comes to it.
///
/// Threading: look() and note() on one thread, is_short() on any.
class MemoryWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// What look() asks and does.
  struct Process {
    std::function<std::uint64_t()> resident = resident_bytes;
    std::function<void()> trim = trim_heap;
  };

  /// Lifetime: `limits` and `log` outlive this.
  MemoryWatch(const LiveLimits& limits, Log& log) : MemoryWatch(limits, log, Process()) {}
  MemoryWatch(const LiveLimits& limits, Log& log, Process process);

  /// Whether new clients are to be refused.
  [[nodiscard]] bool is_short() const noexcept { return short_.load(std::memory_order_relaxed); }
  /// Reads what the process holds, if it is time to. To be called often.
  void look(Clock::time_point now);
  /// The process holds so many bytes: says in the log where that makes memory short, or ends it.
  void note(std::uint64_t resident);
  /// limits.memory, or what the system allows.
  [[nodiscard]] std::uint64_t allowed() const noexcept;

 private:
  [[nodiscard]] std::uint64_t trimmed(Clock::time_point now, std::uint64_t resident);

  const LiveLimits& limits_;
  Log& log_;
  const Process process_;
  const std::uint64_t system_;
  Clock::time_point next_trim_{};
  std::chrono::seconds trim_pause_{0};  ///< after the last; 0: memory was not short since
  std::atomic<bool> short_{false};
};

/// The least of the memory of the machine and the limits of the process's control group and of those around it, version 1 or 2.
/// `root`: where /proc and /sys are.
std::uint64_t memory_of_system(const std::filesystem::path& root = "/");

}  // namespace signalbox
