#include "bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace signalbox::bench {

namespace {

// 2048 cells tell values below 2048 apart exactly; above, the upper half of as many covers each further power of two.
constexpr unsigned kCellBits = 11;
constexpr std::uint64_t kHalf = std::uint64_t{1} << (kCellBits - 1);

// How far a value is shifted right until it has kCellBits digits.
constexpr unsigned shift_of(std::uint64_t value) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  return width <= kCellBits ? 0 : width - kCellBits;
}

constexpr std::size_t cell_of(std::uint64_t value) noexcept {
  const unsigned shift = shift_of(value);
  return static_cast<std::size_t>(shift * kHalf + (value >> shift));
}

constexpr std::uint64_t highest_in(std::size_t cell) noexcept {
  if (cell < 2 * kHalf) return cell;
  const auto shift = static_cast<unsigned>(cell / kHalf - 1);
  return ((cell - shift * kHalf + 1) << shift) - 1;
}

// 99.9 % of 1000 is a hair above 999 in floating point, and must be 999.
constexpr double kHair = 1 - 1e-12;

constexpr auto kHighestValue = static_cast<std::uint64_t>(Histogram::kHighest.count());

}  // namespace

Histogram::Histogram() : cells_(cell_of(kHighestValue) + 1) {}

void Histogram::record(std::chrono::nanoseconds value) noexcept {
  value = std::clamp(value, std::chrono::nanoseconds(0), kHighest);
  ++cells_[cell_of(static_cast<std::uint64_t>(value.count()))];
  ++count_;
  sum_ += static_cast<double>(value.count());
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) noexcept {
  std::transform(cells_.begin(), cells_.end(), other.cells_.begin(), cells_.begin(), std::plus<>());
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds Histogram::mean() const noexcept {
  if (count_ == 0) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(std::llround(sum_ / static_cast<double>(count_)));
}

std::chrono::nanoseconds Histogram::percentile(double percent) const noexcept {
  const double rank = std::ceil(std::clamp(percent, 0.0, 100.0) / 100.0 * static_cast<double>(count_) * kHair);
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(rank));
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    seen += cells_[cell];
    if (seen >= wanted) return std::min(max_, std::chrono::nanoseconds(highest_in(cell)));
  }
  return std::chrono::nanoseconds(0);
}

std::vector<Histogram::Cell> Histogram::cells() const {
  std::vector<Cell> filled;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    if (cells_[cell] > 0) filled.push_back({std::chrono::nanoseconds(highest_in(cell)), cells_[cell]});
  }
  return filled;
}

}  // namespace signalbox::bench
