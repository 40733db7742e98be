// How often the calling thread has called operator new, and calls that fail: this test executable replaces it.
#pragma once

#include <cstddef>

namespace signalbox::test {

[[nodiscard]] std::size_t allocations() noexcept;
/// The calling thread's next one throws std::bad_alloc.
void fail_next_allocation() noexcept;

}  // namespace signalbox::test
