#include "tests/unit/server/allocation_counter.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace {

thread_local std::size_t count = 0;
thread_local bool fails = false;

}  // namespace

namespace signalbox::test {

std::size_t allocations() noexcept { return count; }
void fail_next_allocation() noexcept { fails = true; }

}  // namespace signalbox::test

// The array and nothrow forms come here by their defaults.
void* operator new(std::size_t size) {
  ++count;
  if (std::exchange(fails, false)) throw std::bad_alloc();
  void* memory = std::malloc(size > 0 ? size : 1);
  if (!memory) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
