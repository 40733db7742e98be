#include "bench/loadtest/bottleneck.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Bottlenecks, AreRemarkedWhereSomethingIsFull) {
  Result result;
  result.charge(
      {.time = 5s,
       .machine_busy = 0.96,
       .busiest = {{"a thread of an instance", 0.91}, {"a thread of the broker", 0.5}, {"a thread of the generator", 0.99}}});
  result.generator_lag.record(20ms);
  remark_bottlenecks(result);
  EXPECT_THAT(result.remarks,
              ElementsAre("the generator was late itself, p99 20.0 ms: latencies hold that too",
                          "a thread of an instance used 91 % of a core", "a thread of the generator used 99 % of a core",
                          "all cores of the machine were busy (96 %): latencies are of a full machine"));
}

TEST(Bottlenecks, AreNotWhereNothingIs) {
  Result result;
  result.charge({.time = 5s, .machine_busy = 0.9, .busiest = {{"a thread of an instance", 0.85}}});
  result.generator_lag.record(1ms);
  remark_bottlenecks(result);
  EXPECT_THAT(result.remarks, IsEmpty());
}

TEST(Bottlenecks, ChargeOnlyWhatWasStartedHere) {
  Result result;
  result.instance_usage.emplace();
  result.charge({.instances = 1ms, .broker = 2ms, .generator = 3ms});
  EXPECT_EQ(result.instance_usage->cpu, 1ms);
  EXPECT_FALSE(result.broker_usage);
  EXPECT_EQ(result.generator_usage.cpu, 3ms);
}

}  // namespace
}  // namespace signalbox::bench
