// A ClientPool in a process of its own, so that its CPU time, descriptors and memory are not the measured side's.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "bench/client_pool.hpp"
#include "bench/histogram.hpp"
#include "bench/process.hpp"

namespace signalbox::bench {

/// Connects at once, and holds until it is destroyed.
///
/// Errors: wait_until() throws std::runtime_error with the first client's reason when one is refused or lost, and at its
/// deadline.
class ClientProcess {
 public:
  /// `user_name(n)` names client n; it may return "". `samples`: for how many messages there is room in latencies().
  ClientProcess(ClientOptions options, std::size_t clients, std::function<std::string(std::size_t)> user_name,
                std::size_t samples = 0);

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] std::uint64_t ready() const noexcept { return counters_->ready; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return counters_->messages; }
  [[nodiscard]] std::uint64_t pings() const noexcept { return counters_->pings; }

  /// To be called while no message is under way.
  void forget_latencies() noexcept { counters_->samples = 0; }
  /// From the stamps of the payloads (publisher.hpp) until they were read, since forget_latencies(), as far as there was room.
  [[nodiscard]] Histogram latencies() const;

  void wait_until(const std::function<bool()>& done, std::chrono::seconds timeout, const std::string& what);
  void wait_ready(std::chrono::seconds timeout = std::chrono::seconds(60));
  void wait_messages(std::uint64_t total, std::chrono::seconds timeout = std::chrono::seconds(60));

 private:
  // In memory shared by both processes.
  struct Counters {
    std::atomic<std::uint64_t> ready{0};
    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> pings{0};
    std::atomic<std::uint64_t> failed{0};
    std::atomic<std::uint64_t> samples{0};
    std::uint64_t capacity = 0;
    std::array<char, 200> reason{};  // of the first failure; written before `failed`

    /// Nanoseconds each: they lie behind this.
    std::uint64_t* first_sample() noexcept { return reinterpret_cast<std::uint64_t*>(this + 1); }
  };
  static std::shared_ptr<Counters> share_counters(std::size_t samples);
  static void record(Counters& counters, std::string_view payload);
  static int hold(Counters& counters, const ClientOptions& options, std::size_t clients,
                  const std::function<std::string(std::size_t)>& user_name);

  [[noreturn]] void give_up(std::string reason) const;

  std::size_t clients_;
  std::shared_ptr<Counters> counters_;
  Process process_;
};

}  // namespace signalbox::bench
