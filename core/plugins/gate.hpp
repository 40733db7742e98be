// Lets calls in until it is closed, and knows when the last of them has left.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace signalbox {

/// Threading: any thread. Lifetime: outlives every thread that may still knock.
class Gate {
 public:
  /// False once it is closed; true must be followed by leave().
  [[nodiscard]] bool enter() noexcept {
    // Looked at first, so that who knocks on and on does not seem to be inside for ever.
    if ((state_.load(std::memory_order_relaxed) & kClosed) != 0) return false;
    if ((state_.fetch_add(kOne, std::memory_order_acquire) & kClosed) == 0) return true;
    leave();
    return false;
  }
  void leave() noexcept { state_.fetch_sub(kOne, std::memory_order_release); }

  /// Lets nobody in any more and waits for those inside. False if one has not left `within`.
  bool close(std::chrono::milliseconds within) noexcept {
    state_.fetch_or(kClosed, std::memory_order_acq_rel);
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (state_.load(std::memory_order_acquire) != kClosed) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }

 private:
  static constexpr std::uint64_t kClosed = 1;
  static constexpr std::uint64_t kOne = 2;
  std::atomic<std::uint64_t> state_{0};
};

}  // namespace signalbox
