// Connections that come and go: each is opened when it is due, registered, and closed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>

#include "bench/histogram.hpp"
#include "bench/loadtest/endpoint.hpp"
#include "bench/process.hpp"
#include "bench/schedule.hpp"
#include "bench/shared_failures.hpp"
#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

/// A process of its own that opens `connections` to one instance, the n-th when `schedule` says so, whatever has become of
/// those before; each is of one of `users` users in turn.
class Churn {
 public:
  Churn(const Endpoint& instance, std::uint32_t first_source, const std::string& user_prefix, std::size_t users,
        const Schedule& schedule, std::uint64_t connections);

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  [[nodiscard]] bool running() noexcept { return process_.running(); }
  [[nodiscard]] std::uint64_t connections() const noexcept { return connections_; }
  /// Every connection has been registered or has failed.
  [[nodiscard]] bool done() const noexcept { return registered() + failed() >= connections_; }
  [[nodiscard]] std::uint64_t registered() const noexcept { return shared_->registered; }
  [[nodiscard]] std::uint64_t failed() const noexcept { return shared_->failures.count(); }
  /// Why the first has failed.
  [[nodiscard]] std::string reason() const { return shared_->failures.reason(); }
  /// From when a connection was due until it was registered.
  [[nodiscard]] Histogram latencies() const { return latencies_.histogram(); }
  /// How late this process itself came to it.
  [[nodiscard]] Histogram lag() const { return lag_.histogram(); }

 private:
  struct Shared {
    std::atomic<std::uint64_t> registered{0};
    SharedFailures failures;
  };
  int run(const Endpoint& instance, std::uint32_t first_source, const std::string& user_prefix, std::size_t users,
          const Schedule& schedule);

  std::uint64_t connections_;
  std::shared_ptr<Shared> shared_;
  SharedLatencies latencies_;
  SharedLatencies lag_;
  Process process_;
};

}  // namespace signalbox::bench
