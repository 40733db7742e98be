// What this process holds.
#pragma once

#include <cstddef>

namespace signalbox::conformance {

/// Whether resident memory means anything: sanitizers keep what was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kCountsMemory = false;
#else
inline constexpr bool kCountsMemory = true;
#endif

[[nodiscard]] std::size_t resident_bytes();
[[nodiscard]] std::size_t thread_count();

}  // namespace signalbox::conformance
