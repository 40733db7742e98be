// A back end under load: it publishes without waiting for answers, as fast as messages arrive or to a schedule.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "bench/schedule.hpp"

namespace signalbox::bench {

/// Publishes to its channels in turn. Each payload begins with when it was meant to go out: stamp().
///
/// Errors: std::runtime_error when the broker is lost, a channel has no subscriber, or nothing moves for 30 s.
/// Threading: one thread.
class Publisher {
 public:
  static constexpr std::size_t kStampBytes = 16;

  virtual ~Publisher() = default;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// `messages` more, never more than `window` ahead of what `delivered()` says of them: the chain behind is kept busy, and no
  /// queue in it grows without bound. Returns when all are delivered.
  void saturate(std::uint64_t messages, std::uint64_t window, const std::function<std::uint64_t()>& delivered);

  /// `messages` more, each when it is due, whatever becomes of those before.
  void follow(const Schedule& schedule, std::uint64_t messages);

  /// Fixed width: a time of the monotonic clock, the same in all processes of a machine.
  static std::string stamp(Schedule::Clock::time_point time);
  /// The time in a payload that begins with a stamp; the clock's epoch if it doesn't.
  static Schedule::Clock::time_point stamped(const char* payload, std::size_t bytes);

 protected:
  /// How long at least a publisher sleeps where there is nothing to do: it shares the cores with what is measured.
  static constexpr std::chrono::nanoseconds kNap = std::chrono::microseconds(100);

  /// `payload_bytes` ≥ kStampBytes.
  Publisher(std::size_t channels, std::size_t payload_bytes);

 private:
  /// Takes a message for a channel; it leaves with the next exchange() at the latest.
  virtual void say(std::size_t channel, std::string_view payload) = 0;
  /// Lets out what has been said as far as it goes, waits for at most `wait` for something to do, and takes in answers.
  virtual void exchange(std::chrono::nanoseconds wait) = 0;
  /// What has been said and has no answer yet.
  [[nodiscard]] virtual std::uint64_t unanswered() const = 0;
  /// Not all that was said could leave.
  [[nodiscard]] virtual bool congested() const noexcept { return false; }

  void say_next(Schedule::Clock::time_point intended);

  std::size_t channels_;
  std::size_t next_ = 0;
  std::string payload_;
};

}  // namespace signalbox::bench
