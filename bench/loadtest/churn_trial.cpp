#include "bench/loadtest/churn_trial.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "bench/interrupt.hpp"
#include "bench/loadtest/bottleneck.hpp"
#include "bench/loadtest/churn.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/numbers.hpp"
#include "bench/loadtest/plan.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;
using Clock = Schedule::Clock;
using Churns = std::vector<std::unique_ptr<Churn>>;

/// From when processes are forked until the first connection is due.
constexpr auto kHead = 200ms;
/// Longer than the rate asks for: who has had no answer by then gets none.
constexpr auto kPatience = 30s;

/// A process an instance.
Churns begin_churns(const LoadTestOptions& options, const Group& group, const std::string& user_prefix,
                    Clock::time_point begin) {
  const std::size_t instances = group.size();
  const std::uint64_t each = messages_in(options.duration, static_cast<double>(options.rate)) / instances + 1;
  const Schedule schedule(begin, static_cast<double>(options.rate) / static_cast<double>(instances));
  Churns churns;
  for (std::size_t i = 0; i < instances; ++i) {
    // Each has so many source addresses that no port is wanted again while it still waits.
    const auto source = static_cast<std::uint32_t>(2 + i * (each / 10'000 + 1));
    churns.push_back(std::make_unique<Churn>(group.instances()[i].clients, source, user_prefix, options.users, schedule, each));
  }
  return churns;
}

/// False: given up.
bool wait_for_all(const Churns& churns, std::chrono::milliseconds time, const Tell& tell, Churned& sum) {
  const auto done = [&] {
    sum = {};
    for (const auto& churn : churns) {
      sum.offered += churn->connections();
      sum.registered += churn->registered();
      sum.failed += churn->failed();
    }
    tell("connections come and go, " + grouped(sum.registered) + " of " + grouped(sum.offered));
    return std::all_of(churns.begin(), churns.end(), [](const auto& churn) { return churn->done() || !churn->running(); });
  };
  return wait_for(done, time);
}

}  // namespace

void measure_churn(const LoadTestOptions& options, Group& group, const std::string& user_prefix, const Tell& tell,
                   Result& result) {
  const Clock::time_point begin = Clock::now() + kHead;
  const Churns churns = begin_churns(options, group, user_prefix, begin);
  Sides sides{.instances = group.pids(), .broker = group.broker_pids(), .generator = {}};
  for (const auto& churn : churns) sides.generator.push_back(churn->pid());
  wait_for([&] { return Clock::now() >= begin; }, 2 * kHead);
  Meter meter(sides);
  if (!wait_for_all(churns, options.duration + kPatience, tell, result.churned.emplace())) {
    result.give_up("some connections got no answer for " + std::to_string(kPatience.count()) + " s");
  }
  result.measuring = Clock::now() - begin;
  meter.read(sides);
  result.charge(meter.metered());
  for (const auto& churn : churns) {
    result.latency.merge(churn->latencies());
    result.generator_lag.merge(churn->lag());
    if (churn->failed() > 0) result.remarks.push_back("a connection failed: " + churn->reason());
  }
  remark_bottlenecks(result);
}

}  // namespace signalbox::bench
