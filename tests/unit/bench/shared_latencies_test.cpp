#include "bench/shared_latencies.hpp"

#include <gtest/gtest.h>

#include "bench/process.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

TEST(SharedLatencies, AreAHistogramOfWhatAnotherProcessHasRecorded) {
  SharedLatencies latencies;
  EXPECT_EQ(latencies.histogram().count(), 0U);
  Histogram same;
  for (int n = 1; n <= 1'000; ++n) same.record(n * 7ms);
  Process child = Process::fork_off([&] {
    for (int n = 1; n <= 1'000; ++n) latencies.record(n * 7ms);
    return 0;
  });
  while (child.running()) {
  }
  const Histogram histogram = latencies.histogram();
  EXPECT_EQ(histogram.count(), 1'000U);
  EXPECT_EQ(histogram.min(), 7ms);
  EXPECT_EQ(histogram.max(), 7s);
  EXPECT_EQ(histogram.mean(), same.mean());
  for (const double percent : {0.0, 50.0, 99.0, 99.9, 100.0}) {
    EXPECT_EQ(histogram.percentile(percent), same.percentile(percent)) << percent;
  }
}

TEST(SharedLatencies, TakeTheSameRoomHoweverManyThereAre) {
  SharedLatencies latencies;
  latencies.record(1ms);
  const std::size_t before = anonymous_bytes(getpid());
  for (int n = 0; n < 3'000'000; ++n) latencies.record(1ms);
  EXPECT_LT(anonymous_bytes(getpid()), before + 10'000'000) << "eight bytes each would be 24 MB";
  EXPECT_EQ(latencies.histogram().count(), 3'000'001U) << "none was left out";
}

TEST(SharedLatencies, BeginAnewWhenTheyAreForgotten) {
  SharedLatencies latencies;
  latencies.record(1h);
  latencies.forget();
  EXPECT_EQ(latencies.histogram().count(), 0U);
  latencies.record(3ms);
  EXPECT_EQ(latencies.histogram().max(), 3ms);
  EXPECT_EQ(latencies.histogram().min(), 3ms);
}

}  // namespace
}  // namespace signalbox::bench
