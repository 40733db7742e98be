// What a running process holds and has used, as the kernel says.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

struct Footprint {
  std::size_t anonymous_bytes = 0;  ///< resident and backed by no file
  std::size_t descriptors = 0;
  milliseconds cpu{};  ///< user and system time of all threads, to 10 ms
  std::size_t threads = 0;

  /// Errors: std::runtime_error if there is no such process.
  [[nodiscard]] static Footprint of(pid_t pid);
};

/// What the kernel holds for the sockets of a listening port, on the server's side.
struct PortFootprint {
  std::size_t sockets = 0;       ///< in any state but LISTEN and TIME_WAIT
  std::size_t orphans = 0;       ///< of these, closed by their process and not yet gone
  std::size_t unsent_bytes = 0;  ///< written and not acknowledged

  [[nodiscard]] static PortFootprint of(std::uint16_t port);
};

/// Whether this build distorts memory figures.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace signalbox::test
