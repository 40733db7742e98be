#include "bench/loadtest/judgement.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "bench/loadtest/numbers.hpp"

namespace signalbox::bench {

namespace {

Verdict met(const std::string& bound) { return {true, bound}; }
Verdict missed(const std::string& bound, const std::string& found) { return {false, "missed " + bound + "; " + found}; }

std::string p99_of(std::chrono::milliseconds slo) {
  return "p99 of at most " + grouped(static_cast<std::uint64_t>(slo.count())) + " ms";
}

Verdict judge_saturation(std::chrono::milliseconds slo, const Result& result) {
  const std::string bound = p99_of(slo) + ", nothing lost";
  if (!result.saturated) return {false, "no rate held: " + bound};
  return met(fixed(result.saturated->rate, 0) + " a second held: " + bound);
}

Verdict judge_latency(std::chrono::milliseconds slo, const Result& result) {
  const std::string bound = "--slo: " + p99_of(slo);
  if (result.latency.count() == 0) return missed(bound, "there is none");
  const std::chrono::nanoseconds p99 = result.latency.percentile(99);
  return p99 <= slo ? met(bound) : missed(bound, "it is " + milliseconds(p99) + " ms");
}

Verdict judge_share(double most, std::uint64_t lost, std::uint64_t all, const std::string& what) {
  const std::string bound = "--max-loss: " + (most == 0 ? "nothing" : "at most " + significant(100 * most) + " %") + " lost";
  if (all == 0) return missed(bound, "nothing was taken");
  if (static_cast<double>(lost) / static_cast<double>(all) <= most) return met(bound);
  return missed(bound, grouped(lost) + " of " + grouped(all) + what);
}

/// All users are connected: who is said not to be has lost the message as well, whoever knows of it.
Verdict judge_loss(double most, const Result& result) {
  if (result.churned) {
    return judge_share(most, result.churned->offered - result.churned->registered, result.churned->offered,
                       " connections were not registered");
  }
  const MessageCounts& messages = result.messages;
  const std::uint64_t denied = messages.not_connected * result.devices;
  return judge_share(most, messages.lost() + denied, messages.expected + denied,
                     denied == 0 ? " were" : " were, with " + grouped(denied) + " to users who were said not to be connected");
}

/// With the commonest answer, if it was another than 200.
std::string nothing_arrived(const Result& result) {
  const auto commonest = std::max_element(result.refusals.begin(), result.refusals.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
  if (commonest == result.refusals.end()) return "nothing arrived";
  const auto& [status, count] = *commonest;
  return "nothing arrived; " + grouped(count) +
         (status == 0 ? " requests had no answer" : " of the answers were " + std::to_string(status));
}

}  // namespace

std::vector<Verdict> judge(const LoadTestOptions& options, const Result& result) {
  if (options.mode == "saturate") return {judge_saturation(*options.slo, result)};
  std::vector<Verdict> verdicts;
  if (!result.given_up.empty()) verdicts.push_back({false, "given up: " + result.given_up});
  if (result.work_done() == 0)
    verdicts.push_back({false, result.churned ? "no connection was registered" : nothing_arrived(result)});
  if (options.slo) verdicts.push_back(judge_latency(*options.slo, result));
  if (options.max_loss) verdicts.push_back(judge_loss(*options.max_loss, result));
  return verdicts;
}

bool all_met(const std::vector<Verdict>& verdicts) {
  return std::all_of(verdicts.begin(), verdicts.end(), [](const Verdict& verdict) { return verdict.met; });
}

}  // namespace signalbox::bench
