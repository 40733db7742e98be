#include "bench/loadtest/bottleneck.hpp"

#include <chrono>

#include "bench/loadtest/numbers.hpp"

namespace signalbox::bench {

namespace {

/// Beyond these what is measured is a queue in front of them.
constexpr double kFullThread = 0.9;
constexpr double kFullMachine = 0.95;
constexpr auto kLateGenerator = std::chrono::milliseconds(10);

}  // namespace

std::vector<Bottleneck> full_parts(const Result& result) {
  std::vector<Bottleneck> full;
  for (const auto& [name, share] : result.busiest) {
    if (share > kFullThread) full.push_back({name, name + " used " + fixed(100 * share, 0) + " % of a core"});
  }
  if (result.machine_busy > kFullMachine) {
    full.push_back({"all cores of the machine", "all cores of the machine were busy (" + fixed(100 * result.machine_busy, 0) +
                                                    " %): latencies are of a full machine"});
  }
  return full;
}

std::optional<Bottleneck> late_generator(const Result& result) {
  const std::chrono::nanoseconds late = result.generator_lag.percentile(99);
  if (late <= kLateGenerator) return std::nullopt;
  return Bottleneck{"the generator, which was late itself",
                    "the generator was late itself, p99 " + milliseconds(late) + " ms: latencies hold that too"};
}

void remark_bottlenecks(Result& result) {
  if (const std::optional<Bottleneck> late = late_generator(result)) result.remarks.push_back(late->remark);
  for (const Bottleneck& full : full_parts(result)) result.remarks.push_back(full.remark);
}

}  // namespace signalbox::bench
