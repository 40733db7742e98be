// What a report is about: a word that goes with a record through librdkafka and comes back.
#pragma once

#include <cstdint>

namespace signalbox::kafka {

enum class About : std::uintptr_t { sweep = 0, route = 1, publish = 2, heartbeat = 3 };

/// Pointers to what is at least four bytes aligned have their lowest bits free.
inline void* tag(About about, const void* pointer = nullptr) {
  const std::uintptr_t word = reinterpret_cast<std::uintptr_t>(pointer) | static_cast<std::uintptr_t>(about);
  return reinterpret_cast<void*>(word);  // NOLINT(performance-no-int-to-ptr): without a pointer it is a number
}

inline About about(void* tag) { return static_cast<About>(reinterpret_cast<std::uintptr_t>(tag) & 3); }

template <class Type>
Type& untagged(void* tag) {
  static_assert(alignof(Type) >= 4);
  return *reinterpret_cast<Type*>(static_cast<char*>(tag) - static_cast<std::uintptr_t>(about(tag)));
}

}  // namespace signalbox::kafka
