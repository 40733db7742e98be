// Latencies from nanoseconds to an hour in 264 KiB, each to three significant digits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace signalbox::bench {

/// Log-linear counts in HdrHistogram's layout: each power of two is cut into 1024 cells of equal width, so a value is off by
/// less than 0.1 %, whatever its size.
///
/// Threading: one thread at a time; give each thread its own and merge.
class Histogram {
 public:
  static constexpr std::chrono::nanoseconds kHighest = std::chrono::hours(1);

  Histogram();
  /// Of counts that were kept elsewhere: size() cells in which values count by cell_of(). `sum` in nanoseconds; `min` and `max`
  /// are not looked at if nothing was counted.
  Histogram(std::vector<std::uint64_t> cells, double sum, std::chrono::nanoseconds min, std::chrono::nanoseconds max);

  [[nodiscard]] static std::size_t size() noexcept;
  [[nodiscard]] static std::size_t cell_of(std::chrono::nanoseconds value) noexcept;

  /// What is longer than kHighest counts as kHighest, what is negative as 0.
  void record(std::chrono::nanoseconds value) noexcept;
  void merge(const Histogram& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::chrono::nanoseconds min() const noexcept { return count_ == 0 ? std::chrono::nanoseconds(0) : min_; }
  [[nodiscard]] std::chrono::nanoseconds max() const noexcept { return max_; }
  [[nodiscard]] std::chrono::nanoseconds mean() const noexcept;

  /// The least value that `percent` of all (0 to 100) do not exceed: the upper end of its cell, at most max(). 0 if empty.
  [[nodiscard]] std::chrono::nanoseconds percentile(double percent) const noexcept;

  struct Cell {
    std::chrono::nanoseconds highest;  ///< that counts here
    std::uint64_t count;
  };
  /// Those that are not empty, the least first.
  [[nodiscard]] std::vector<Cell> cells() const;

 private:
  std::vector<std::uint64_t> cells_;
  std::uint64_t count_ = 0;
  double sum_ = 0;  // nanoseconds; a double, since hours of microseconds overflow 64 bits sooner than they lose digits here
  std::chrono::nanoseconds min_ = kHighest;
  std::chrono::nanoseconds max_{0};
};

}  // namespace signalbox::bench
