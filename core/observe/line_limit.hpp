// Keeps the lines of one kind from filling the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace signalbox {

/// Counts the lines of one kind: those beyond kLinesPerSecond are left out, and how many they were is told when their second
/// is over.
///
/// Threading: any thread.
class LineLimit {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t kLinesPerSecond = 10;

  struct Answer {
    bool write = false;          ///< whether this line is written
    std::uint64_t left_out = 0;  ///< so many were not, in a second that is over: to be said before it
  };
  Answer ask(Clock::time_point now) noexcept;

  /// How many were left out and not told yet, if their second is over.
  std::uint64_t take_left_out(Clock::time_point now) noexcept;

 private:
  [[nodiscard]] bool is_over(Clock::time_point now) const noexcept { return now - began_ >= std::chrono::seconds(1); }

  std::mutex mutex_;
  Clock::time_point began_;  ///< of the second that is counted
  std::uint64_t written_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace signalbox
