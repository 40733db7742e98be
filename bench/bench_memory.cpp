// Memory a user: the server's anonymous resident memory over N connections, open only and registered.
#include <functional>
#include <string>
#include <vector>

#include "bench/bare.hpp"
#include "bench/benchmark_main.hpp"
#include "bench/client_process.hpp"
#include "bench/process.hpp"
#include "bench/redis_client.hpp"
#include "bench/servers.hpp"

namespace {

using namespace signalbox::bench;

std::string user_name(std::size_t n) { return "user-" + std::to_string(n); }
std::string nobody(std::size_t) { return {}; }

double growth_per_user(pid_t server, std::size_t before, std::size_t users) {
  return (static_cast<double>(settled_anonymous_bytes(server)) - static_cast<double>(before)) / static_cast<double>(users);
}

// A fresh server each time: memory once used is not given back, so one figure would hide in the other.
double bytes_per_user(const BenchmarkOptions& options, const std::string& redis_url, bool registered) {
  const ScratchDirectory scratch;
  SignalboxServer server(scratch, options.signalbox, redis_url, options.settings);
  const std::size_t before = settled_anonymous_bytes(server.pid());
  ClientProcess clients({.port = server.port()}, options.users, registered ? user_name : nobody);
  clients.wait_ready();
  if (registered) {
    std::vector<std::string> channels;
    channels.reserve(options.users);
    for (std::size_t n = 0; n < options.users; ++n) channels.push_back(user_name(n));
    RedisClient redis(redis_url);
    clients.wait_until([&] { return redis.subscribed(channels) == options.users; }, std::chrono::seconds(30), "all subscribed");
  }
  return growth_per_user(server.pid(), before, options.users);
}

double bare_bytes_per_user(std::size_t users, bool named) {
  BareListener listener;
  const Process holder = Process::fork_off([&] { return hold_connections(listener, users, named); });
  const std::size_t before = settled_anonymous_bytes(holder.pid());
  ClientProcess clients({.port = listener.port(), .upgrade = false}, users, nobody);
  clients.wait_ready();
  return growth_per_user(holder.pid(), before, users);
}

std::vector<Figure> measure(const BenchmarkOptions& options) {
  const ScratchDirectory scratch;
  const RedisServer redis(scratch, options.redis_url);
  std::vector<double> open, registered;
  for (std::size_t round = 0; round < options.rounds; ++round) {
    open.push_back(bytes_per_user(options, redis.url(), false));
    registered.push_back(bytes_per_user(options, redis.url(), true));
  }
  return {
      {"connection, not registered", median(open), "B", bare_bytes_per_user(options.users, false), at_most(600)},
      {"user, registered and subscribed", median(registered), "B", bare_bytes_per_user(options.users, true), at_most(1000)}};
}

}  // namespace

int main(int argc, char** argv) {
  return benchmark_main(argc, argv,
                        {.name = "memory",
                         .description = "Server memory per connected and per registered user, beside bare sockets",
                         .users = 15'000,
                         .rounds = 1,
                         .measure = measure});
}
