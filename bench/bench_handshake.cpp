// Handshakes with registration, confirmed by the broker: a second of the clock, and a second of the server's CPU.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "bench/bare.hpp"
#include "bench/benchmark_main.hpp"
#include "bench/client_process.hpp"
#include "bench/process.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;
using Seconds = std::chrono::duration<double>;

struct Rates {
  std::vector<double> per_second;
  std::vector<double> per_cpu_second;
};

// Until the connections of the last round are gone from the server, whose CPU would count for the next.
void wait_idle(pid_t server) {
  std::chrono::nanoseconds before{0};
  while (cpu_time(server) - before > std::chrono::milliseconds(1)) {
    before = cpu_time(server);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

void measure_rounds(const BenchmarkOptions& options, pid_t server, std::uint16_t port, Rates& rates) {
  for (std::size_t round = 0; round < options.rounds; ++round) {
    wait_idle(server);
    // Sources of their own for each round: the last one's ports may still be in TIME_WAIT.
    const ClientOptions client{.port = port, .envelope = true, .first_source = static_cast<std::uint32_t>(2 + 10 * round)};
    const auto cpu = cpu_time(server);
    const auto start = std::chrono::steady_clock::now();
    ClientProcess clients(client, options.users,
                          [&](std::size_t n) { return std::to_string(round) + "-" + std::to_string(n); });
    clients.wait_ready();
    const auto users = static_cast<double>(options.users);
    rates.per_second.push_back(users / Seconds(std::chrono::steady_clock::now() - start).count());
    rates.per_cpu_second.push_back(users / Seconds(cpu_time(server) - cpu).count());
  }
}

std::vector<Figure> measure(const BenchmarkOptions& options) {
  Rates bare, signalbox;
  {
    BareListener listener;
    const Process server = Process::fork_off([&] { return answer_handshakes(listener); });
    measure_rounds(options, server.pid(), listener.port(), bare);
  }
  const ScratchDirectory scratch;
  const RedisServer redis(scratch, options.redis_url);
  const SignalboxServer server(scratch, options.signalbox, redis.url(), options.settings);
  measure_rounds(options, server.pid(), server.port(), signalbox);
  return {{"registered users", median(signalbox.per_second), "/s", median(bare.per_second), {}},
          {"registered users per server CPU second", median(signalbox.per_cpu_second), "/s", median(bare.per_cpu_second),
           at_least(8000)}};
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(argc, argv,
                        {.name = "handshake",
                         .description = "Handshakes with confirmed registration, beside a server that only answers 101",
                         .users = 10'000,
                         .rounds = 3,
                         .measure = measure});
}
