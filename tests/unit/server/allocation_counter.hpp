// How often the calling thread has called operator new: this test executable replaces it.
#pragma once

#include <cstddef>

namespace signalbox::test {

[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace signalbox::test
