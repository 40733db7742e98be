#include "bench/loadtest/saturation_trial.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/loadtest/numbers.hpp"
#include "bench/loadtest/saturation.hpp"

namespace signalbox::bench {

namespace {

Saturated summary(const Saturation& saturation) {
  const Saturation::Found& median = saturation.found()[saturation.median()];
  Saturated saturated{.rate = median.rate, .found = {}, .limit = median.limit};
  for (const Saturation::Found& found : saturation.found()) saturated.found.push_back(found.rate);
  return saturated;
}

}  // namespace

void measure_saturation(const LoadTestOptions& options, std::uint64_t messages, const std::function<void(const Leg&)>& measure,
                        const std::function<void()>& recover, const Tell& tell, Result& result) {
  Saturation saturation(static_cast<double>(options.rate), *options.slo, options.searches);
  std::vector<Result> best(options.searches);  // of each search, at the highest rate that has held
  std::vector<Step> steps;
  std::uint64_t first = 0;
  bool early = false;
  const Result connected = result;
  while (const std::optional<double> rate = saturation.next()) {
    const Leg leg = leg_at(options.warmup, options.duration, *rate, first);
    early = leg.end() > messages;
    if (early) break;
    first = leg.end();
    if (!steps.empty() && !steps.back().held) recover();
    tell("search " + std::to_string(saturation.search() + 1) + " of " + std::to_string(options.searches) + ", trying " +
         grouped(static_cast<std::uint64_t>(*rate)) + " a second");
    result = connected;
    measure(leg);
    steps.push_back(saturation.judge(result));
    if (steps.back().held) best[steps.back().search] = result;
  }
  saturation.end();
  if (saturation.found().empty()) {
    result.remarks.emplace_back("no rate that was tried held: lower --rate, or raise --slo");
  } else {
    result = std::move(best[saturation.median()]);
    result.saturated = summary(saturation);
  }
  result.steps = std::move(steps);
  if (early) {
    result.remarks.push_back("the search ended early: another try would be beyond the " + grouped(messages) +
                             " messages that are kept account of");
  }
}

}  // namespace signalbox::bench
