// The back end's side of Redis under load: PUBLISH without waiting for answers, as fast as it is taken or to a schedule.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/schedule.hpp"

namespace signalbox::bench {

/// Publishes to its channels in turn. Each payload begins with when it was meant to go out: stamp().
///
/// Errors: std::runtime_error when the link breaks, a channel has not exactly one subscriber, or nothing moves for 30 s.
/// Threading: one thread.
class Publisher {
 public:
  static constexpr std::size_t kStampBytes = 16;

  /// `payload_bytes` ≥ kStampBytes.
  Publisher(const std::string& redis_url, const std::vector<std::string>& channels, std::size_t payload_bytes);
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  ~Publisher();

  /// `messages` more, never more than `window` ahead of what `delivered()` says of them: the chain behind is kept busy, and no
  /// queue in it grows without bound. Returns when all are delivered.
  void saturate(std::uint64_t messages, std::uint64_t window, const std::function<std::uint64_t()>& delivered);

  /// `messages` more, each when it is due, whatever becomes of those before.
  void follow(const Schedule& schedule, std::uint64_t messages);

  /// Fixed width: a time of the monotonic clock, the same in all processes of a machine.
  static std::string stamp(Schedule::Clock::time_point time);
  /// The time in a payload that begins with a stamp; the clock's epoch if it doesn't.
  static Schedule::Clock::time_point stamped(const char* payload, std::size_t bytes);

 private:
  void append(Schedule::Clock::time_point intended);
  void exchange(std::chrono::nanoseconds wait);
  void read_answers();

  int descriptor_ = -1;
  std::vector<std::string> before_;  // of a channel's command: all ahead of the stamp
  std::string after_;
  std::size_t next_ = 0;
  std::string out_;
  std::size_t written_ = 0;  // of out_
  std::uint64_t unanswered_ = 0;
  std::string partial_;  // of an answer
};

}  // namespace signalbox::bench
