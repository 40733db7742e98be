// CPU of users who do nothing but answer pings, beside bare sockets that are pinged as often.
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/bare.hpp"
#include "bench/benchmark_main.hpp"
#include "bench/chain.hpp"
#include "bench/client_process.hpp"
#include "bench/floor.hpp"
#include "bench/process.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;
using Clock = std::chrono::steady_clock;

constexpr auto kPingInterval = std::chrono::seconds(25);
constexpr std::size_t kFloorSockets = 5'000;

// µs of CPU a second and user, over one ping interval.
double idle_cost(std::chrono::nanoseconds cpu, std::size_t users) {
  const std::chrono::duration<double, std::micro> spent = cpu;
  return spent.count() / std::chrono::duration<double>(kPingInterval).count() / static_cast<double>(users);
}

std::vector<Figure> measure(const BenchmarkOptions& options) {
  const ScratchDirectory scratch;
  const RedisServer redis(scratch, options.redis_url);
  BenchmarkOptions pinging = options;
  pinging.settings.insert(pinging.settings.begin(), "limits.ping_interval=25s");
  std::vector<double> floor;
  bare_rounds(kFloorSockets, 5, 1, floor);

  Chain users = Chain::of_signalbox({.users = options.users}, pinging, scratch, redis.url());
  users.connect(redis.url());
  BareListener listener;
  const Process bare =
      Process::fork_off([&] { return ping_connections(listener, options.users, std::chrono::milliseconds(kPingInterval)); });
  ClientProcess bare_users({.port = listener.port(), .upgrade = false}, options.users,
                           [](std::size_t) { return std::string(); });
  bare_users.wait_ready();

  // Each was pinged once: from here on an interval holds one ping for each user, wherever it begins.
  const std::uint64_t all = options.users;
  bare_users.wait_until([&] { return users.pings() >= all && bare_users.pings() >= all; }, 4 * kPingInterval,
                        "a ping for each");
  std::vector<double> ours, theirs;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    const auto end = Clock::now() + kPingInterval;
    const std::uint64_t pings = users.pings();
    const auto cpu = users.instance_cpu();
    const auto bare_cpu = cpu_time(bare.pid());
    std::this_thread::sleep_until(end);
    ours.push_back(idle_cost(users.instance_cpu() - cpu, options.users));
    theirs.push_back(idle_cost(cpu_time(bare.pid()) - bare_cpu, options.users));
    if (users.pings() - pings < options.users * 9 / 10) throw std::runtime_error("the users were not pinged");
  }
  return {{"idle user, pinged every 25 s", median(ours), "us/s", median(theirs), at_most(scaled(0.6, median(floor)))},
          {"bare send()", median(floor), "us", {}, {}}};
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(argc, argv,
                        {.name = "idle",
                         .description = "Server CPU of idle users with 25 s pings, beside bare sockets pinged as often",
                         .users = 15'000,
                         .rounds = 2,
                         .measure = measure});
}
