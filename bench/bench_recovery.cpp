// Redis is killed, is away for up to a second and comes back: how long until it knows every channel again.
#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/benchmark_main.hpp"
#include "bench/client_process.hpp"
#include "bench/redis_client.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;
using namespace std::chrono_literals;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr auto kPatience = 60s;

void wait_subscribed(RedisClient& client, const std::vector<std::string>& channels) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (client.subscribed(channels) < channels.size()) {
    if (std::chrono::steady_clock::now() >= deadline) throw std::runtime_error("not all channels came back");
    // Asking is work for Redis too: rather a little late than in its way.
    std::this_thread::sleep_for(5ms);
  }
}

std::vector<Figure> measure(const BenchmarkOptions& options) {
  const ScratchDirectory scratch;
  RedisServer redis(scratch, options.redis_url);
  const SignalboxServer server(scratch, options.signalbox, redis.url(), options.settings);
  std::vector<std::string> channels;
  for (std::size_t n = 0; n < options.users; ++n) channels.push_back("user" + std::to_string(n));
  ClientProcess clients({.port = server.port(), .envelope = true}, options.users, [&](std::size_t n) { return channels[n]; });
  clients.wait_ready();

  std::vector<double> times;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    redis.kill();
    // At most a second together with the start: the pause between attempts grows with the outage.
    std::this_thread::sleep_for(900ms * (round + 1) / options.rounds);
    redis.start();
    const auto answers = std::chrono::steady_clock::now();
    RedisClient client(redis.url());
    wait_subscribed(client, channels);
    times.push_back(Milliseconds(std::chrono::steady_clock::now() - answers).count());
  }
  return {{"all channels subscribed again, median", median(times), "ms", {}, ""},
          {"fastest round", *std::min_element(times.begin(), times.end()), "ms", {}, ""},
          {"slowest round", *std::max_element(times.begin(), times.end()), "ms", {}, "<= 2000 ms"}};
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(argc, argv,
                        {.name = "recovery",
                         .description = "Redis killed and back within a second: the time from its first answer until it knows "
                                        "every channel again",
                         .users = 10'000,
                         .rounds = 10,
                         .measure = measure});
}
