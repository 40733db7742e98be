#include "bench/shared_latencies.hpp"

#include "bench/publisher.hpp"

namespace signalbox::bench {

SharedLatencies::SharedLatencies(std::size_t capacity)
    : capacity_(capacity), counters_(share<Counters>(capacity * sizeof(std::uint64_t))) {}

void SharedLatencies::record(std::string_view payload) noexcept {
  record(Schedule::Clock::now() - Publisher::stamped(payload.data(), payload.size()));
}

void SharedLatencies::record(std::chrono::nanoseconds latency) noexcept {
  const std::uint64_t at = counters_->taken;
  if (at >= capacity_) return;
  counters_->first()[at] = static_cast<std::uint64_t>(latency.count());
  counters_->taken = at + 1;
}

Histogram SharedLatencies::histogram() const {
  Histogram histogram;
  for (std::uint64_t i = 0; i < counters_->taken; ++i) histogram.record(std::chrono::nanoseconds(counters_->first()[i]));
  return histogram;
}

}  // namespace signalbox::bench
