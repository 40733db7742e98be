#include "bench/loadtest/churn.hpp"

#include <algorithm>
#include <chrono>

#include "bench/client_pool.hpp"
#include "bench/loadtest/options.hpp"

namespace signalbox::bench {

namespace {

/// On their way at one time, at most.
constexpr std::size_t kInFlight = 15'000;

}  // namespace

Churn::Churn(const Endpoint& instance, std::uint32_t first_source, const std::string& user_prefix, std::size_t users,
             const Schedule& schedule, std::uint64_t connections)
    : connections_(connections),
      shared_(share<Shared>()),
      process_(Process::fork_off([&] { return run(instance, first_source, user_prefix, users, schedule); })) {}

int Churn::run(const Endpoint& instance, std::uint32_t first_source, const std::string& user_prefix, std::size_t users,
               const Schedule& schedule) {
  ClientPool pool({.address = instance.address,
                   .port = instance.port,
                   .envelope = true,
                   .in_flight = std::min(kInFlight, connections_of_a_process(raise_descriptor_limit())),
                   .first_source = first_source});
  pool.on_ready([&](std::size_t client) {
    latencies_.record(Schedule::Clock::now() - schedule.intended(client));
    ++shared_->registered;
    pool.close(client);
  });
  for (;;) {  // until this process is stopped
    const Schedule::Clock::time_point now = Schedule::Clock::now();
    const std::uint64_t due = std::min(schedule.due(now), connections_);
    while (pool.size() < due) {
      lag_.record(now - schedule.intended(pool.size()));
      pool.add(user_prefix + std::to_string(pool.size() % users));
    }
    pool.poll(std::chrono::milliseconds(1));
    shared_->failures.take(pool);
  }
}

}  // namespace signalbox::bench
