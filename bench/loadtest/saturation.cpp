#include "bench/loadtest/saturation.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "bench/loadtest/bottleneck.hpp"

namespace signalbox::bench {

namespace {

constexpr double kNear = 1.05;
/// Later searches: begin at this share of what has been found, and go up and down by this.
constexpr double kBegin = 0.8;
constexpr double kPace = 1.25;
/// Nobody asks for less; below it a search that never holds ends.
constexpr double kLowest = 10;

std::string limit_of(const Result& result) {
  std::string full;
  for (const Bottleneck& part : full_parts(result)) full.append(full.empty() ? "" : ", ").append(part.name);
  const std::optional<Bottleneck> late = late_generator(result);
  if (full.empty() && late) full = late->name;
  return full.empty() ? "nothing was full: it waited" : full;
}

}  // namespace

std::optional<double> Saturation::next() const {
  if (over_) return std::nullopt;
  return rate_;
}

Step Saturation::judge(const Result& result) {
  Step step;
  step.search = search();
  step.rate = rate_;
  step.delivered_per_second = result.delivered_per_second().value_or(0);
  step.p99 = result.latency.percentile(99);
  step.lost = result.messages.lost();
  const double offered = rate_ * static_cast<double>(result.devices);
  step.held = result.latency.count() > 0 && step.p99 <= slo_ && step.lost == 0 &&
              result.messages.taken == result.messages.offered && step.delivered_per_second >= kKeptUp * offered;
  if (!step.held) step.limit = limit_of(result);
  once_ = !step.held && !once_;
  if (!once_) narrow(step);
  return step;
}

void Saturation::narrow(const Step& step) {
  if (step.held) {
    held_ = std::max(held_, rate_);
  } else if (failed_ == 0 || rate_ < failed_) {
    failed_ = rate_;
    limit_ = step.limit;
  }
  rate_ = failed_ == 0 ? pace_ * rate_ : held_ == 0 ? rate_ / pace_ : (held_ + failed_) / 2;
  if ((held_ > 0 && failed_ > 0 && failed_ / held_ < kNear) || rate_ < kLowest) conclude();
}

void Saturation::conclude() {
  over_ = held_ == 0 || found_.size() + 1 >= searches_;
  if (held_ > 0) found_.push_back({held_, std::exchange(limit_, {})});
  rate_ = kBegin * held_;
  pace_ = kPace;
  held_ = failed_ = 0;
}

void Saturation::end() {
  if (!over_ && held_ > 0) found_.push_back({held_, limit_});
  over_ = true;
}

std::size_t Saturation::median() const {
  std::vector<std::size_t> order(found_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return found_[a].rate < found_[b].rate; });
  return order[(order.size() - 1) / 2];
}

}  // namespace signalbox::bench
