// publish → Redis → socket: how many a second when saturated, and how late at half of that, beside the same chain of bare
// parts.
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "bench/benchmark_main.hpp"
#include "bench/chain.hpp"
#include "bench/floor.hpp"
#include "bench/process.hpp"
#include "bench/redis_publisher.hpp"
#include "bench/servers.hpp"
#include "bench/standstill.hpp"

namespace {

using namespace signalbox::bench;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kInstances = 2;
constexpr std::uint64_t kRoundMessages = 300'000;
/// Under way at a time: several of the batches that a part takes in, so that all have work, but fewer than there are users, so
/// that no two messages meet in one connection's queue: sent together they would cost half, and the bare parts can't do that.
constexpr std::uint64_t kWindow = 24'576;
constexpr double kLatencySeconds = 5;

/// Where the CPU time of a round went, in cores.
struct Load {
  double publisher, redis, instances, receivers;
};

struct Results {
  std::vector<double> rates;
  std::vector<double> p50, p99, max;  // ms
  std::vector<Load> loads;
};

class Measured {
 public:
  Measured(Chain& chain, const RedisServer& redis)
      : chain_(chain), redis_(redis), publisher_(redis.url(), chain.channels(), kPayloadBytes) {}

  void saturate(std::uint64_t messages) {
    publisher_.saturate(messages, kWindow, [this] { return chain_.messages(); });
  }

  void measure_rate() {
    const Times before = times();
    saturate(kRoundMessages);
    const Times after = times();
    const auto cores = [&](std::chrono::nanoseconds Times::* part) {
      return static_cast<double>((after.*part - before.*part).count()) /
             static_cast<double>((after.wall - before.wall).count());
    };
    results.rates.push_back(static_cast<double>(kRoundMessages) /
                            std::chrono::duration<double>(after.wall - before.wall).count());
    results.loads.push_back(
        {cores(&Times::publisher), cores(&Times::redis), cores(&Times::instances), cores(&Times::receivers)});
  }

  void measure_latency(double per_second) {
    chain_.forget_latencies();
    const auto messages = static_cast<std::uint64_t>(per_second * kLatencySeconds);
    const std::uint64_t all = chain_.messages() + messages;
    publisher_.follow(Schedule(Clock::now(), per_second), messages);
    const auto deadline = Clock::now() + std::chrono::seconds(30);
    while (chain_.messages() < all) {
      if (Clock::now() > deadline) throw std::runtime_error("messages are lost");
    }
    const Histogram latencies = chain_.latencies();
    results.p50.push_back(Milliseconds(latencies.percentile(50)).count());
    results.p99.push_back(Milliseconds(latencies.percentile(99)).count());
    results.max.push_back(Milliseconds(latencies.max()).count());
  }

  Results results;

 private:
  struct Times {
    std::chrono::nanoseconds wall, publisher, redis, instances, receivers;
  };
  [[nodiscard]] Times times() const {
    return {Clock::now().time_since_epoch(), cpu_time(getpid()), cpu_time(redis_.pid()), chain_.instance_cpu(),
            chain_.receiver_cpu()};
  }

  Chain& chain_;
  const RedisServer& redis_;
  RedisPublisher publisher_;
};

double median_of(const std::vector<Load>& loads, double Load::* part) {
  std::vector<double> values;
  for (const Load& load : loads) values.push_back(load.*part);
  return median(values);
}

std::vector<Figure> measure(const BenchmarkOptions& options) {
  const Standstill machine = watch_standstill(std::chrono::seconds(10));
  const ScratchDirectory scratch;
  const RedisServer redis(scratch, options.redis_url);
  const std::size_t users = options.users;
  Chain signalbox_chain = Chain::of_signalbox({users, kInstances, "user-"}, options, scratch, redis.url());
  Chain bare_chain = Chain::of_bare_parts({users, kInstances, "bare-"}, redis.url());
  signalbox_chain.connect(redis.url());
  bare_chain.connect(redis.url());
  Measured signalbox(signalbox_chain, redis);
  Measured bare(bare_chain, redis);
  for (Measured* chain : {&signalbox, &bare}) chain->saturate(3 * users);  // every way has been gone once

  // In turn, so that a machine that speeds up or slows down does so for both.
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (Measured* chain : {&bare, &signalbox}) chain->measure_rate();
  }
  const double rate = median(signalbox.results.rates);
  const double bare_rate = median(bare.results.rates);
  for (std::size_t round = 0; round < options.rounds; ++round) {
    bare.measure_latency(bare_rate / 2);
    signalbox.measure_latency(rate / 2);
  }

  const Results& ours = signalbox.results;
  const Results& theirs = bare.results;
  std::vector<Figure> figures{
      {"delivered, saturated, two instances", rate, "/s", bare_rate, ratio_at_least(0.8)},
      {"p50 at half of that", median(ours.p50), "ms", median(theirs.p50), {}},
      {"p99 at half of that", median(ours.p99), "ms", median(theirs.p99), at_most(5)},
      {"longest at half of that", median(ours.max), "ms", median(theirs.max), {}},
      {"before: a core stood still, longest", Milliseconds(machine.longest).count(), "ms", {}, {}},
      {"before: a core stood still", 100 * machine.share, "%", {}, {}},
  };
  const std::pair<const char*, double Load::*> parts[] = {{"publisher", &Load::publisher},
                                                          {"redis", &Load::redis},
                                                          {"both instances", &Load::instances},
                                                          {"receivers", &Load::receivers}};
  for (const auto& [name, part] : parts) {
    figures.push_back(
        {std::string("saturated: ") + name, median_of(ours.loads, part), "cores", median_of(theirs.loads, part), {}});
  }
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(
      argc, argv,
      {.name = "chain",
       .description = "Publish, Redis, two instances, sockets: saturated, and late at half of that, beside the "
                      "same chain of bare parts",
       .users = 30'000,
       .rounds = 5,
       .spreads = true,
       .measure = measure});
}
