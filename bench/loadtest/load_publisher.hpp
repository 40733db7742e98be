// A back end of a load test: publishes to its schedule, and records what it is told.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <sys/types.h>

#include "bench/histogram.hpp"
#include "bench/loadtest/delivery_records.hpp"
#include "bench/loadtest/outlet.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/timeline.hpp"
#include "bench/process.hpp"
#include "bench/shared_latencies.hpp"

namespace signalbox::bench {

/// Publishes a leg: a process of its own. What is due leaves whatever has become of the messages before.
///
/// Lifetime: not beyond `plan` and `records`.
class LoadPublisher {
 public:
  using Clock = Timeline::Clock;

  /// An end is made where no answer has come, and nothing could be sent, for so long.
  static constexpr std::chrono::seconds kPatience{30};

  LoadPublisher(const PublisherOptions& options, const Plan& plan, DeliveryRecords& records, const Leg& leg);

  /// It can publish. Errors: std::runtime_error with the reason why it never will.
  [[nodiscard]] bool ready();
  /// To be called once, when it is ready(). `start`: when the first message is due.
  void begin(Clock::time_point start) noexcept { shared_->start = start.time_since_epoch().count(); }

  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  /// All is answered, or given up.
  [[nodiscard]] bool done() noexcept { return shared_->done || !process_.running(); }
  /// Why it has given up; empty if it has not.
  [[nodiscard]] std::string fault() const { return shared_->fault.data(); }
  [[nodiscard]] std::uint64_t sent() const noexcept { return shared_->sent; }
  /// Answers with this HTTP status.
  [[nodiscard]] std::uint64_t answers(std::size_t status) const noexcept { return shared_->statuses.at(status); }
  /// How much later than intended this process itself was: by its own slowness, not by the server's.
  [[nodiscard]] Histogram lag() const { return lag_.histogram(); }
  /// What was sent of the measured, by the time it was due.
  [[nodiscard]] const Timeline& timeline() const noexcept { return shared_->timeline; }

  static constexpr std::size_t kStatuses = 600;

 private:
  struct Shared {
    std::atomic<bool> ready{false}, done{false};
    std::atomic<Clock::rep> start{0};  // 0: not yet
    std::atomic<Clock::rep> moved{0};  // when something was answered
    std::atomic<std::uint64_t> sent{0}, answered{0};
    std::array<std::atomic<std::uint64_t>, kStatuses> statuses{};
    std::array<char, 400> fault{};  // written before `done`
    Timeline timeline;
  };
  class Load;
  int run(const PublisherOptions& options, const Plan& plan, DeliveryRecords& records, const Leg& leg);

  std::shared_ptr<Shared> shared_;
  SharedLatencies lag_;
  Process process_;
};

}  // namespace signalbox::bench
