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

#include "bench/client_pool.hpp"
#include "bench/process.hpp"

namespace signalbox::bench {

/// Connects at once, and holds until it is destroyed.
///
/// Errors: wait_until() throws std::runtime_error with the first client's reason when one is refused or lost, and at its
/// deadline.
class ClientProcess {
 public:
  /// `user_name(n)` names client n; it may return "".
  ClientProcess(ClientOptions options, std::size_t clients, std::function<std::string(std::size_t)> user_name);

  [[nodiscard]] std::uint64_t ready() const noexcept { return counters_->ready; }
  [[nodiscard]] std::uint64_t messages() const noexcept { return counters_->messages; }

  void wait_until(const std::function<bool()>& done, std::chrono::seconds timeout, const std::string& what);
  void wait_ready(std::chrono::seconds timeout = std::chrono::seconds(60));
  void wait_messages(std::uint64_t total, std::chrono::seconds timeout = std::chrono::seconds(60));

 private:
  // In memory shared by both processes.
  struct Counters {
    std::atomic<std::uint64_t> ready{0};
    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> failed{0};
    std::array<char, 200> reason{};  // of the first failure; written before `failed`
  };
  static std::shared_ptr<Counters> share_counters();
  static int hold(Counters& counters, const ClientOptions& options, std::size_t clients,
                  const std::function<std::string(std::size_t)>& user_name);

  [[noreturn]] void give_up(std::string reason) const;

  std::size_t clients_;
  std::shared_ptr<Counters> counters_;
  Process process_;
};

}  // namespace signalbox::bench
