// The bound of what open publishes and questions may hold.
#pragma once

#include <atomic>
#include <cstddef>

namespace signalbox::brokers {

/// Bytes of calls that have no answer yet. Threading: any thread.
class Budget {
 public:
  explicit Budget(std::size_t limit) noexcept : limit_(limit) {}

  /// False: `bytes` would exceed the limit, nothing was taken.
  [[nodiscard]] bool take(std::size_t bytes) noexcept {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

 private:
  std::size_t limit_;
  std::atomic<std::size_t> used_ = 0;
};

}  // namespace signalbox::brokers
