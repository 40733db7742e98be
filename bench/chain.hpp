// Redis → instances → users: the whole way of a message, by Signalbox or by bare parts, with the same receivers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bench/bare.hpp"
#include "bench/benchmark_main.hpp"
#include "bench/client_process.hpp"
#include "bench/histogram.hpp"
#include "bench/process.hpp"
#include "bench/servers.hpp"

namespace signalbox::bench {

struct ChainOptions {
  std::size_t users = 0;
  std::size_t instances = 1;
  std::string user_prefix = "user-";  ///< a user's name, and channel: this and a number
  bool envelope = false;              ///< receivers are ready when they are registered
};

/// User n is held by instance n % instances, so that a publisher that goes round them keeps all instances busy. Each instance
/// has its receivers in a process of their own.
class Chain {
 public:
  /// What a process may hold here, with room for what is no user's socket.
  static constexpr std::size_t kUsersPerInstance = 18'000;

  /// Starts the instances; without users.
  static Chain of_signalbox(const ChainOptions& options, const BenchmarkOptions& benchmark, const ScratchDirectory& scratch,
                            const std::string& redis_url);
  static Chain of_bare_parts(const ChainOptions& options, const std::string& redis_url);

  /// Connects the users; returns when Redis has all their channels.
  void connect(const std::string& redis_url);

  [[nodiscard]] const std::vector<std::string>& channels() const noexcept { return channels_; }
  [[nodiscard]] std::vector<std::unique_ptr<SignalboxServer>>& servers() noexcept { return servers_; }
  [[nodiscard]] std::uint64_t messages() const;
  [[nodiscard]] std::uint64_t pings() const;
  [[nodiscard]] std::chrono::nanoseconds instance_cpu() const;
  [[nodiscard]] std::chrono::nanoseconds receiver_cpu() const;
  /// Anonymous resident memory of all instances, once it is still.
  [[nodiscard]] std::size_t instance_bytes() const;

  /// What has been received from here on counts for latencies().
  void forget_latencies();
  /// From the stamps of the payloads until they were read.
  [[nodiscard]] Histogram latencies() const;

 private:
  explicit Chain(const ChainOptions& options);
  [[nodiscard]] std::size_t users_of(std::size_t instance) const;

  ChainOptions options_;
  std::vector<std::string> channels_;
  std::vector<std::unique_ptr<SignalboxServer>> servers_;
  std::vector<std::unique_ptr<BareListener>> listeners_;
  std::vector<Process> relays_;
  std::vector<std::unique_ptr<ClientProcess>> receivers_;
};

}  // namespace signalbox::bench
