// One leg of a load test: published, waited for, and accounted for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/loadtest/books.hpp"
#include "bench/loadtest/crowd.hpp"
#include "bench/loadtest/fault.hpp"
#include "bench/loadtest/group.hpp"
#include "bench/loadtest/load_publisher.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/outage.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/progress.hpp"
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
  Measurement(const Scene& scene, const Leg& leg, std::vector<Fault> faults, Tell tell, Result& result);

  void run();

 private:
  using Clock = Timeline::Clock;

  template <class Condition>
  void wait_while(const Condition& condition);
  void pause() const;
  /// Faults that are due happen, and once one has, it is seen when it is over and when all instances are ready again.
  void look_after();
  /// The next fault happens.
  void strike();
  void wait_arrivals();
  void conclude();
  void remark_clients();
  void fill_timeline();
  [[nodiscard]] bool all_ready() const;
  [[nodiscard]] Balance sums() const;
  /// When the last message was due and the last that came had arrived.
  [[nodiscard]] Clock::time_point end() const;
  [[nodiscard]] Sides sides() const;

  const Scene& scene_;
  const Leg leg_;
  std::vector<Fault> faults_;  // those that are still to come
  Tell tell_;
  Result& result_;
  Clock::time_point begin_{};    // when the first measured message is due
  Clock::time_point due_{};      // when the one after the last would be
  Clock::time_point unready_{};  // when an instance was not ready, the last time
  std::unique_ptr<LoadPublisher> publisher_;
  std::unique_ptr<Outage> outage_;  // that goes on
  std::optional<Meter> meter_;      // from begin_ on
};

}  // namespace signalbox::bench
