// All users of a load test, over all processes of receivers.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bench/histogram.hpp"
#include "bench/loadtest/delivery_records.hpp"
#include "bench/loadtest/options.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/receivers.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// They begin to connect at once: client n to instance n modulo their number. All end at one time.
///
/// Lifetime: not beyond `plan` and `records`.
class Clients {
 public:
  Clients(const std::vector<RunningInstance>& instances, std::size_t users, std::size_t devices, const std::string& prefix,
          const Plan& plan, DeliveryRecords& records);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients();

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Errors: std::runtime_error where a process is gone or, while they connect, a client is refused.
  [[nodiscard]] bool all_registered();
  [[nodiscard]] Receivers::Counts counts() const;
  /// Of any; the clock's epoch if there was none.
  [[nodiscard]] Timeline::Clock::time_point last_delivery() const;
  [[nodiscard]] Histogram latencies() const;
  /// Of one second: what was delivered, and the longest latency.
  [[nodiscard]] Second second(std::size_t number) const;
  /// Why clients have failed: the first of each process.
  [[nodiscard]] std::set<std::string> failures() const;
  [[nodiscard]] std::vector<pid_t> pids() const;

  /// As Receivers::begin().
  void begin(const Leg& leg, Timeline::Clock::time_point time) noexcept;

 private:
  std::size_t size_;
  std::vector<std::unique_ptr<Receivers>> receivers_;
};

}  // namespace signalbox::bench
