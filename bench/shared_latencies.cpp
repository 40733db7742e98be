#include "bench/shared_latencies.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "bench/publisher.hpp"

namespace signalbox::bench {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

}  // namespace

SharedLatencies::SharedLatencies() : counters_(share<Counters>(Histogram::size() * sizeof(Cell))) { forget(); }

void SharedLatencies::record(std::string_view payload) noexcept {
  record(Schedule::Clock::now() - Publisher::stamped(payload.data(), payload.size()));
}

void SharedLatencies::record(std::chrono::nanoseconds latency) noexcept {
  latency = std::clamp(latency, std::chrono::nanoseconds(0), Histogram::kHighest);
  Counters& counters = *counters_;  // which nobody else writes
  counters.cells()[Histogram::cell_of(latency)].fetch_add(1, kRelaxed);
  counters.sum.store(counters.sum.load(kRelaxed) + static_cast<double>(latency.count()), kRelaxed);
  counters.min.store(std::min(counters.min.load(kRelaxed), latency.count()), kRelaxed);
  counters.max.store(std::max(counters.max.load(kRelaxed), latency.count()), kRelaxed);
}

void SharedLatencies::forget() noexcept {
  for (std::size_t n = 0; n < Histogram::size(); ++n) {
    Cell& cell = counters_->cells()[n];
    if (cell.load(kRelaxed) != 0) cell.store(0, kRelaxed);  // a page that nobody has touched stays so
  }
  counters_->sum = 0;
  counters_->min = std::numeric_limits<std::int64_t>::max();
  counters_->max = 0;
}

Histogram SharedLatencies::histogram() const {
  std::vector<std::uint64_t> cells(Histogram::size());
  for (std::size_t n = 0; n < cells.size(); ++n) cells[n] = counters_->cells()[n].load(kRelaxed);
  return {std::move(cells), counters_->sum, std::chrono::nanoseconds(counters_->min), std::chrono::nanoseconds(counters_->max)};
}

}  // namespace signalbox::bench
