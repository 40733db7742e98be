// Memory that is asked for before it is used.
#pragma once

#include <cstddef>

namespace signalbox {

/// How many items ahead: a batch goes to as many users as there are, and each is long out of the cache.
inline constexpr std::size_t kAhead = 8;

/// Asks for the cache lines of an object, and of what lies behind it.
inline void prefetch(const void* object, std::size_t bytes) noexcept {
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < bytes; at += kLine) __builtin_prefetch(static_cast<const char*>(object) + at);
}

}  // namespace signalbox
