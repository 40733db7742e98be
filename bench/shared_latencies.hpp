// Latencies that one process records and another one reads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>

#include <sys/mman.h>

#include "bench/histogram.hpp"

namespace signalbox::bench {

/// A T in memory that is shared with the processes forked from here on, with `behind` bytes behind it.
/// Errors: std::system_error.
template <class T>
std::shared_ptr<T> share(std::size_t behind = 0) {
  const std::size_t bytes = sizeof(T) + behind;
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  return {new (memory) T, [bytes](T* mapped) { munmap(mapped, bytes); }};
}

/// Counted in a Histogram's cells, so that they take the same room however many there are.
class SharedLatencies {
 public:
  SharedLatencies();

  /// From the stamp of a payload (publisher.hpp) until now. Threading: one thread of one process records.
  void record(std::string_view payload) noexcept;
  /// The same of one that is known.
  void record(std::chrono::nanoseconds latency) noexcept;
  /// To be called while nothing is recorded.
  void forget() noexcept;
  [[nodiscard]] Histogram histogram() const;

 private:
  using Cell = std::atomic<std::uint64_t>;
  struct Counters {
    std::atomic<double> sum{0};  // nanoseconds
    std::atomic<std::int64_t> min{0}, max{0};

    /// Zeroed pages behind this.
    Cell* cells() noexcept { return reinterpret_cast<Cell*>(this + 1); }
  };

  std::shared_ptr<Counters> counters_;
};

}  // namespace signalbox::bench
