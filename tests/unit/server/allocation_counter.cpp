#include "tests/unit/server/allocation_counter.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local std::size_t count = 0;

}  // namespace

namespace signalbox::test {

std::size_t allocations() noexcept { return count; }

}  // namespace signalbox::test

// The array and nothrow forms come here by their defaults.
void* operator new(std::size_t size) {
  ++count;
  void* memory = std::malloc(size > 0 ? size : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
