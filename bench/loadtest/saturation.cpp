#include "bench/loadtest/saturation.hpp"

#include <algorithm>
#include <string>

namespace signalbox::bench {

namespace {

constexpr double kNear = 1.1;
/// Nobody asks for less; below it a search that never holds ends.
constexpr double kLowest = 10;
constexpr double kFullProcess = 0.9;
constexpr double kFullMachine = 0.95;

std::string limit_of(const Result& result) {
  std::string full;
  for (const auto& [name, cores] : result.busiest) {
    if (cores > kFullProcess) full += (full.empty() ? "" : ", ") + name;
  }
  if (result.machine_busy > kFullMachine) full += std::string(full.empty() ? "" : ", ") + "all cores of the machine";
  return full.empty() ? "nothing was full: it waited" : full;
}

}  // namespace

std::optional<double> Saturation::next() const {
  if (held_ > 0 && failed_ > 0 && failed_ / held_ < kNear) return std::nullopt;
  if (rate_ < kLowest) return std::nullopt;
  return rate_;
}

Step Saturation::judge(double rate, const Result& result) {
  Step step;
  step.rate = rate;
  step.delivered_per_second = result.arrivals_per_second();
  step.p99 = result.latency.percentile(99);
  step.lost = result.messages.lost();
  const double offered = rate * static_cast<double>(result.devices);
  step.held = result.latency.count() > 0 && step.p99 <= slo_ && step.lost == 0 &&
              result.messages.delivered == result.messages.planned && step.delivered_per_second >= kKeptUp * offered;
  if (step.held) {
    held_ = std::max(held_, rate);
  } else {
    failed_ = failed_ == 0 ? rate : std::min(failed_, rate);
    step.limit = limit_of(result);
  }
  rate_ = failed_ == 0 ? 2 * rate : held_ == 0 ? rate / 2 : (held_ + failed_) / 2;
  return step;
}

}  // namespace signalbox::bench
