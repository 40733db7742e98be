#include "bench/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

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

constexpr std::size_t cell_at(std::uint64_t value) noexcept {
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

Histogram::Histogram() : cells_(size()) {}

Histogram::Histogram(std::vector<std::uint64_t> cells, double sum, std::chrono::nanoseconds min, std::chrono::nanoseconds max)
    : cells_(std::move(cells)), count_(std::accumulate(cells_.begin(), cells_.end(), std::uint64_t{0})), sum_(sum) {
  assert(cells_.size() == size());
  if (count_ > 0) min_ = min, max_ = max;
}

std::size_t Histogram::size() noexcept { return cell_at(kHighestValue) + 1; }

std::size_t Histogram::cell_of(std::chrono::nanoseconds value) noexcept {
  return cell_at(static_cast<std::uint64_t>(std::clamp(value, std::chrono::nanoseconds(0), kHighest).count()));
}

void Histogram::record(std::chrono::nanoseconds value) noexcept {
  value = std::clamp(value, std::chrono::nanoseconds(0), kHighest);
  ++cells_[cell_of(value)];
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
