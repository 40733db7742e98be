#include "bench/client_process.hpp"

#include <stdexcept>
#include <thread>

namespace signalbox::bench {

ClientProcess::ClientProcess(ClientOptions options, std::size_t clients, std::function<std::string(std::size_t)> user_name)
    : clients_(clients), counters_(share<Counters>()), process_(Process::fork_off([&] { return hold(options, user_name); })) {}

int ClientProcess::hold(const ClientOptions& options, const std::function<std::string(std::size_t)>& user_name) {
  Counters& counters = *counters_;
  ClientPool pool(options, [&](std::size_t, std::string_view payload, bool) { latencies_.record(payload); });
  for (std::size_t n = 0; n < clients_; ++n) pool.add(user_name(n));
  for (;;) {  // until this process is stopped
    pool.poll(std::chrono::milliseconds(100));
    counters.ready = pool.ready();
    counters.messages = pool.messages();
    counters.pings = pool.pings();
    counters.failures.take(pool);
  }
}

void ClientProcess::wait_until(const std::function<bool()>& done, std::chrono::seconds timeout, const std::string& what) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!done()) {
    const SharedFailures& failures = counters_->failures;
    if (failures.count() != 0) give_up(std::to_string(failures.count()) + " clients failed, " + failures.reason());
    if (!process_.running()) give_up("the clients' process is gone");
    if (std::chrono::steady_clock::now() >= deadline) give_up("not in time: " + what);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

void ClientProcess::give_up(std::string reason) const {
  reason.append(" (").append(std::to_string(ready())).append(" of ").append(std::to_string(clients_));
  throw std::runtime_error(reason.append(" clients ready)"));
}

void ClientProcess::wait_ready(std::chrono::seconds timeout) {
  wait_until([this] { return ready() == clients_; }, timeout, "clients ready");
}

void ClientProcess::wait_messages(std::uint64_t total, std::chrono::seconds timeout) {
  wait_until([&] { return messages() >= total; }, timeout, std::to_string(total) + " messages received");
}

}  // namespace signalbox::bench
