// Redis is killed, is away for up to a second and comes back: how long until it knows every channel of a group of instances
// again, and how long the plugin's thread was at it in one piece.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/benchmark_main.hpp"
#include "bench/chain.hpp"
#include "bench/redis_client.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;
using namespace std::chrono_literals;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr auto kPatience = 60s;

void wait_subscribed(RedisClient& client, const std::vector<std::string>& channels) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  // To ask for each is work for Redis too: only when their number says that all may be there.
  while (client.channel_count() < channels.size() || client.subscribed(channels) < channels.size()) {
    if (std::chrono::steady_clock::now() >= deadline) throw std::runtime_error("not all channels came back");
    std::this_thread::sleep_for(5ms);
  }
}

// The longest time that follows `words` in a log: "the longest handler took 1234 us of CPU time", as the plugin says it at its
// end, and a shard of each gap that it has told to all, where debug messages are logged.
double longest_ms(std::string_view log, std::string_view words) {
  double longest = -1;
  for (std::size_t at = log.find(words); at != std::string_view::npos; at = log.find(words, at + 1)) {
    double microseconds = 0;
    const char* digits = log.data() + at + words.size();
    if (std::from_chars(digits, log.data() + log.size(), microseconds).ec == std::errc())
      longest = std::max(longest, microseconds);
  }
  if (longest < 0) throw std::runtime_error("the server did not say how long its handlers took");
  return longest / 1000;
}

std::vector<Figure> measure(const BenchmarkOptions& options) {
  const ScratchDirectory scratch;
  RedisServer redis(scratch, options.redis_url);
  BenchmarkOptions talkative = options;
  // What a plugin says at its end has to come before a benchmark's patience with a process is over.
  talkative.settings.insert(talkative.settings.begin(), {"logging.level=debug", "server.drain_timeout=2s"});
  const std::size_t instances = (options.users + Chain::kUsersPerInstance - 1) / Chain::kUsersPerInstance;
  Chain chain =
      Chain::of_signalbox({.users = options.users, .instances = instances, .envelope = true}, talkative, scratch, redis.url());
  chain.connect(redis.url());

  std::vector<double> times;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    redis.kill();
    // At most a second together with the start: the pause between attempts grows with the outage.
    std::this_thread::sleep_for(900ms * (round + 1) / options.rounds);
    redis.start();
    const auto answers = std::chrono::steady_clock::now();
    RedisClient client(redis.url());
    wait_subscribed(client, chain.channels());
    times.push_back(Milliseconds(std::chrono::steady_clock::now() - answers).count());
  }
  double of_plugin = 0;
  double of_shard = 0;
  for (const auto& server : chain.servers()) {
    const std::string log = server->stop();
    of_plugin = std::max(of_plugin, longest_ms(log, "the longest handler took "));
    of_shard = std::max(of_shard, longest_ms(log, "a gap to all took "));
  }
  return {{"all channels subscribed again, median", median(times), "ms", {}, {}},
          {"fastest round", *std::min_element(times.begin(), times.end()), "ms", {}, {}},
          {"slowest round", *std::max_element(times.begin(), times.end()), "ms", {}, at_most(2000)},
          {"longest handler of the plugin's threads, CPU", of_plugin, "ms", {}, at_most(20)},
          {"longest handler that tells a shard's clients, CPU", of_shard, "ms", {}, at_most(20)}};
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(argc, argv,
                        {.name = "recovery",
                         .description = "Redis killed and back within a second: the time from its first answer until it knows "
                                        "every channel of a group of instances again",
                         .users = 100'000,
                         .rounds = 5,
                         .spreads = true,
                         .measure = measure});
}
