// One leg of a load test: published, waited for, and accounted for.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/loadtest/books.hpp"
#include "bench/loadtest/crowd.hpp"
#include "bench/loadtest/fault.hpp"
#include "bench/loadtest/group.hpp"
#include "bench/loadtest/load_publisher.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// What a leg needs. Lifetime: all outlive it.
struct Scene {
  Group& group;
  Crowd& crowd;
  const Plan& plan;
  Books& books;
  PublisherOptions publisher;
  std::size_t devices;
};

/// Runs `leg` and writes what it came to into `result`: messages, arrivals, latencies, usage, timeline, remarks. `faults`
/// happen meanwhile, each at its time. `tell` is called a few times a second.
///
/// Errors: std::runtime_error, Interrupted.
class Measurement {
 public:
  using Tell = std::function<void(const std::string&)>;
  Measurement(const Scene& scene, const Leg& leg, std::vector<Fault> faults, Tell tell, Result& result);

  void run();

 private:
  using Clock = Timeline::Clock;

  template <class Condition>
  void wait_while(const Condition& condition);
  void look_after();
  void strike(const Fault& fault);
  void wait_arrivals();
  void conclude();
  void fill_timeline();
  [[nodiscard]] bool all_ready() const;
  [[nodiscard]] Balance sums() const;
  /// Of a broker's server that is not ours, one that nobody reads.
  Usage& broker_usage();
  [[nodiscard]] std::vector<pid_t> broker_pids() const;
  [[nodiscard]] std::vector<pid_t> generator_pids() const;

  const Scene& scene_;
  const Leg leg_;
  std::vector<Fault> faults_;  // those that are still to come
  Tell tell_;
  Result& result_;
  Clock::time_point begin_{};               // when the first measured message is due
  Clock::time_point unready_{};             // when an instance was not ready, the last time
  std::chrono::nanoseconds broker_cpu_{0};  // before: of the process that runs now
  Usage unknown_usage_;
  std::unique_ptr<LoadPublisher> publisher_;
};

}  // namespace signalbox::bench
