// Where calls wait between the threads that make them and the plugin's own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <signalbox/broker.hpp>

namespace pgbroker {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/// One call of a verb. It owns its bytes: the caller's views end with the call.
struct Call {
  enum class Kind : std::uint8_t { subscribe, unsubscribe, publish, exists };

  Kind kind;
  std::string channel;
  std::string payload;
  std::variant<signalbox::Done, signalbox::PublishDone, signalbox::ExistsDone> done;
  signalbox::Status refusal{};  ///< known at once, told later: never inside the calling stack
  std::size_t cost = 0;         ///< what it has taken from the inbox's limit
  Time deadline{};

  void finish(const signalbox::Status& status, std::uint64_t receivers = 0) {
    if (auto* plain = std::get_if<signalbox::Done>(&done)) {
      (*plain)(status);
    } else if (auto* publish = std::get_if<signalbox::PublishDone>(&done)) {
      (*publish)(status, {receivers, signalbox::Precision::exact});
    } else {
      std::get<signalbox::ExistsDone>(done)(status, receivers > 0);
    }
  }
};

/// Publishes and questions are bounded by bytes, from the call to its completion. The contract has no `overloaded` for a
/// subscribe or unsubscribe: what waits of them is as much as the host has channels.
///
/// Threading: any thread.
class Inbox {
 public:
  explicit Inbox(std::size_t limit) noexcept : limit_(limit) {}

  /// False: there is no room, and nothing was taken.
  [[nodiscard]] bool reserve(std::size_t bytes) noexcept {
    if (used_.fetch_add(bytes) + bytes <= limit_) return true;
    used_.fetch_sub(bytes);
    return false;
  }
  void release(std::size_t bytes) noexcept { used_.fetch_sub(bytes); }

  /// True: the first since take(), so wake the thread that takes.
  [[nodiscard]] bool append(Call call, std::chrono::milliseconds timeout) {
    const std::lock_guard lock(mutex_);
    call.deadline = Clock::now() + timeout;  // here, so that deadlines never decrease
    calls_.push_back(std::move(call));
    return calls_.size() == 1;
  }
  void take(std::vector<Call>& calls) {
    calls.clear();
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_ = 0;
  std::mutex mutex_;
  std::vector<Call> calls_;
};

}  // namespace pgbroker
