// What a user and a message cost as users grow over processes: it has to stay the same.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/benchmark_main.hpp"
#include "bench/chain.hpp"
#include "bench/floor.hpp"
#include "bench/process.hpp"
#include "bench/redis_publisher.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;

constexpr std::size_t kSteps[] = {1'000, 10'000, 50'000, 200'000};
constexpr std::uint64_t kMessages = 200'000;  // a round
/// Memory of 1,000 users has the fixed parts (tables, buffers) on it: memory is judged against the second step, CPU against the
/// first.
constexpr std::size_t kMemoryReference = 1;
constexpr double kFlat = 1.25;

struct Cost {
  double bytes_per_user = 0;
  double microseconds_per_message = 0;  // median of the rounds
};

Cost measure_chain(Chain chain, const std::string& redis_url, std::size_t users, std::size_t rounds) {
  Cost cost;
  const std::size_t before = chain.instance_bytes();
  chain.connect(redis_url);
  cost.bytes_per_user =
      (static_cast<double>(chain.instance_bytes()) - static_cast<double>(before)) / static_cast<double>(users);
  RedisPublisher publisher(redis_url, chain.channels(), kPayloadBytes);
  // No two messages for one user at a time, or they would share a send().
  const std::uint64_t window = std::min<std::uint64_t>(users, 8'192);
  const auto publish = [&](std::uint64_t messages) { publisher.saturate(messages, window, [&] { return chain.messages(); }); };
  publish(users);  // every way has been gone once
  std::vector<double> times;
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto cpu = chain.instance_cpu();
    publish(kMessages);
    const std::chrono::duration<double, std::micro> spent = chain.instance_cpu() - cpu;
    times.push_back(spent.count() / static_cast<double>(kMessages));
  }
  cost.microseconds_per_message = median(times);
  return cost;
}

std::vector<Figure> measure(const BenchmarkOptions& options) {
  std::vector<std::size_t> steps;
  for (const std::size_t step : kSteps) {
    if (step <= options.users) steps.push_back(step);
  }
  std::vector<Cost> ours, bare;
  for (const std::size_t users : steps) {
    const ScratchDirectory scratch;
    const RedisServer redis(scratch, options.redis_url);
    const ChainOptions chain{.users = users, .instances = (users + Chain::kUsersPerInstance - 1) / Chain::kUsersPerInstance};
    bare.push_back(measure_chain(Chain::of_bare_parts(chain, redis.url()), redis.url(), users, options.rounds));
    ours.push_back(
        measure_chain(Chain::of_signalbox(chain, options, scratch, redis.url()), redis.url(), users, options.rounds));
  }
  // The bare parts' sockets grow out of the processor's caches as well: what is judged is Signalbox's share.
  const double first_share = ours[0].microseconds_per_message / bare[0].microseconds_per_message;
  std::vector<Figure> figures;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string form = std::to_string(steps[i]) + " users";
    figures.push_back(
        {form + ": memory a user", ours[i].bytes_per_user, "B", bare[i].bytes_per_user,
         i > kMemoryReference ? std::optional(at_most(kFlat * ours[kMemoryReference].bytes_per_user)) : std::nullopt});
    figures.push_back({form + ": CPU a message", ours[i].microseconds_per_message, "us", bare[i].microseconds_per_message,
                       i > 0 ? std::optional(ratio_at_most(kFlat * first_share)) : std::nullopt});
  }
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(
      argc, argv,
      {.name = "scale",
       .description = "Memory a user and CPU a message from 1,000 to --users users over processes, beside bare "
                      "parts; steps of 1,000, 10,000, 50,000 and 200,000",
       .users = 200'000,
       .rounds = 3,
       .spreads = true,
       .measure = measure});
}
