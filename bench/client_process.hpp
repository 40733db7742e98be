// A ClientPool in a process of its own, so that its CPU time, descriptors and memory are not the measured side's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <sys/types.h>

#include "bench/client_pool.hpp"
#include "bench/histogram.hpp"
#include "bench/process.hpp"
#include "bench/shared_failures.hpp"
#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

/// Connects at once, and holds until it is destroyed.
///
/// Errors: wait_until() throws std::runtime_error with the first client's reason when one is refused or lost, and at its
/// deadline.
class ClientProcess {
 public:
  /// `user_name(n)` names client n; it may return "".
  ClientProcess(ClientOptions options, std::size_t clients, std::function<std::string(std::size_t)> user_name);

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] std::uint64_t ready() const noexcept { return counters_->ready; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return counters_->messages; }
  [[nodiscard]] std::uint64_t pings() const noexcept { return counters_->pings; }

  /// To be called while no message is under way.
  void forget_latencies() noexcept { latencies_.forget(); }
  /// From the stamps of the payloads (publisher.hpp) until they were read, since forget_latencies().
  [[nodiscard]] Histogram latencies() const { return latencies_.histogram(); }

  void wait_until(const std::function<bool()>& done, std::chrono::seconds timeout, const std::string& what);
  void wait_ready(std::chrono::seconds timeout = std::chrono::seconds(60));
  void wait_messages(std::uint64_t total, std::chrono::seconds timeout = std::chrono::seconds(60));

 private:
  // In memory shared by both processes.
  struct Counters {
    std::atomic<std::uint64_t> ready{0};
    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> pings{0};
    SharedFailures failures;
  };
  int hold(const ClientOptions& options, const std::function<std::string(std::size_t)>& user_name);

  [[noreturn]] void give_up(std::string reason) const;

  std::size_t clients_;
  std::shared_ptr<Counters> counters_;
  SharedLatencies latencies_;
  Process process_;
};

}  // namespace signalbox::bench
