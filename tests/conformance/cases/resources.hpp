// What this process holds.
#pragma once

#include <chrono>
#include <cstddef>

namespace signalbox::conformance {

/// Whether resident memory means anything: sanitizers keep what was freed.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SIGNALBOX_TEST_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(SIGNALBOX_TEST_SANITIZED)
inline constexpr bool kCountsMemory = false;
#else
inline constexpr bool kCountsMemory = true;
#endif

[[nodiscard]] std::size_t resident_bytes();
[[nodiscard]] std::size_t thread_count();

/// How long this thread has waited for something other than a processor since this was made: locks, sleep, the network. Not the
/// clock, since a loaded machine stops a thread for as long as it likes.
class BlockedTime {
 public:
  BlockedTime() : began_(now()) {}
  [[nodiscard]] std::chrono::nanoseconds so_far() const { return now() - began_; }

 private:
  [[nodiscard]] static std::chrono::nanoseconds now();
  std::chrono::nanoseconds began_;
};

}  // namespace signalbox::conformance
