// One leg of a load test: published, waited for, and accounted for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/loadtest/clients.hpp"
#include "bench/loadtest/delivery_records.hpp"
#include "bench/loadtest/fault.hpp"
#include "bench/loadtest/group.hpp"
#include "bench/loadtest/load_publisher.hpp"
#include "bench/loadtest/meter.hpp"
#include "bench/loadtest/outage.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/progress.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// What a leg runs on. Lifetime: all outlive it.
struct TestBed {
  Group& group;
  Clients& clients;
  const Plan& plan;
  DeliveryRecords& records;
  PublisherOptions publisher;
  std::size_t devices;
};

/// Runs `leg` and writes what it came to into `result`: messages, deliveries, latencies, usage, timeline, remarks. `faults`
/// happen meanwhile, each at its time. `tell` is called a few times a second.
///
/// Errors: std::runtime_error, Interrupted.
class Measurement {
 public:
  Measurement(const TestBed& bed, const Leg& leg, std::vector<Fault> faults, Tell tell, Result& result);

  void run();

 private:
  using Clock = Timeline::Clock;

  template <class Condition>
  void wait_while(const Condition& condition);
  void pause() const;
  /// Faults that are due happen, and once one has, it is seen when it is over and when all instances are ready again.
  void look_after();
  /// The next fault happens.
  void inject();
  void wait_deliveries();
  void conclude();
  void remark_clients();
  void fill_timeline();
  [[nodiscard]] bool all_ready() const;
  [[nodiscard]] MessageCounts sums() const;
  /// When the last message was due and the last that came was delivered.
  [[nodiscard]] Clock::time_point end() const;
  [[nodiscard]] Sides sides() const;

  const TestBed& bed_;
  const Leg leg_;
  std::vector<Fault> faults_;  // those that are still to come
  Tell tell_;
  Result& result_;
  Clock::time_point begin_{};  // when the first measured message is due
  Clock::time_point due_{};    // when the one after the last would be
  std::unique_ptr<LoadPublisher> publisher_;
  std::unique_ptr<Outage> outage_;  // that goes on
  std::optional<Meter> meter_;      // from begin_ on
};

}  // namespace signalbox::bench
