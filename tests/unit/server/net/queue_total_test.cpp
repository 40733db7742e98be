#include "server/net/queue_total.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

class QueueTotalTest : public testing::Test {
 protected:
  /// A third of it inbound.
  void exceed_by(std::int64_t bytes) {
    const std::int64_t inbound = (kLimit + bytes) / 3;
    inbound_.add(inbound - inbound_.value());
    outbound_.add(kLimit + bytes - inbound - outbound_.value());
  }

  static constexpr std::int64_t kLimit = 10'000;
  Gauge outbound_;
  Gauge inbound_;
  LiveLimits limits_ = [] {
    Config::Limits limits;
    limits.queue_total_bytes = kLimit;
    return LiveLimits(limits);
  }();
  QueueTotal total_{limits_, outbound_, inbound_, 3};
};

TEST_F(QueueTotalTest, IsExceededBeyondTheLimit) {
  exceed_by(0);
  EXPECT_FALSE(total_.is_exceeded());
  exceed_by(1);
  EXPECT_TRUE(total_.is_exceeded());
  limits_.queue_total_bytes = kLimit + 1;
  EXPECT_FALSE(total_.is_exceeded());
}

TEST_F(QueueTotalTest, IsNotExceededByALimitThatIsLoweredBelowIt) {
  exceed_by(-100);
  limits_.queue_total_bytes = 1000;
  EXPECT_FALSE(total_.is_exceeded());
  exceed_by(-99);
  EXPECT_TRUE(total_.is_exceeded()) << "what they hold is what is allowed";
  exceed_by(-5000);
  EXPECT_FALSE(total_.is_exceeded());
  exceed_by(-4999);
  EXPECT_TRUE(total_.is_exceeded()) << "it comes down with what they hold";
  exceed_by(500 - kLimit);
  EXPECT_FALSE(total_.is_exceeded());
  exceed_by(1000 - kLimit);
  EXPECT_FALSE(total_.is_exceeded());
  exceed_by(1001 - kLimit);
  EXPECT_TRUE(total_.is_exceeded()) << "the new one is in force";
  limits_.queue_total_bytes = kLimit;
  EXPECT_FALSE(total_.is_exceeded());
}

TEST_F(QueueTotalTest, ClosesNothingBeforeEveryShardHasReported) {
  exceed_by(500);
  EXPECT_EQ(total_.report(0, {900, 100}), 0u);
  EXPECT_EQ(total_.report(0, {900, 100}), 0u);
  EXPECT_EQ(total_.report(2, {}), 0u);
  EXPECT_EQ(total_.report(1, {800}), 0u) << "the largest is another shard's";
  EXPECT_EQ(total_.report(0, {100, 900}), 1u);
}

TEST_F(QueueTotalTest, WaitsForAShardThatDoesNotReportForThreeTicks) {
  exceed_by(500);
  for (int tick = 0; tick < 3; ++tick) {
    EXPECT_EQ(total_.report(0, {900, 100}), 0u) << tick;
    EXPECT_EQ(total_.report(2, {300}), 0u) << tick;
  }
  EXPECT_EQ(total_.report(0, {900, 100}), 1u);
}

TEST_F(QueueTotalTest, LeavesOutAShardThatHasStoppedReportingUntilItReportsAgain) {
  exceed_by(500);
  total_.report(0, {300, 200});
  total_.report(2, {});
  EXPECT_EQ(total_.report(1, {2000}), 1u) << "and then it hangs, its largest queue still there";
  for (int tick = 0; tick < 3; ++tick) EXPECT_EQ(total_.report(0, {300, 200}), 0u) << tick;
  EXPECT_EQ(total_.report(0, {300, 200}), 2u) << "without it the limit is kept by the others";
  exceed_by(400);
  total_.closed(0);
  total_.closed(1);
  EXPECT_EQ(total_.report(1, {2000}), 1u);
  EXPECT_EQ(total_.report(0, {100}), 0u) << "it is back, and its largest goes first";
}

TEST_F(QueueTotalTest, ClosesAsManyAsTheExcessAsksFor) {
  exceed_by(2000);
  EXPECT_EQ(total_.report(0, {700, 500, 10}), 0u);
  EXPECT_EQ(total_.report(1, {600, 400, 20}), 0u);
  EXPECT_EQ(total_.report(2, {650, 30}), 1u);  // 700, 650, 600, and of 500 the rest
  EXPECT_EQ(total_.report(0, {700, 500, 10}), 2u);
  EXPECT_EQ(total_.report(1, {600, 400, 20}), 1u);
}

TEST_F(QueueTotalTest, CountsWhatIsLeavingOnce) {
  exceed_by(1000);
  total_.report(1, {500, 400});
  total_.report(2, {});
  EXPECT_EQ(total_.report(0, {900}), 1u);
  EXPECT_EQ(total_.report(1, {500, 400}), 1u) << "the 100 that shard 0 leaves over";
  EXPECT_EQ(total_.report(2, {300}), 0u);
  exceed_by(100);  // shard 0 has closed its own, shard 1 not yet
  total_.closed(0);
  EXPECT_EQ(total_.report(0, {450}), 0u);
  exceed_by(-400);
  total_.closed(1);
  exceed_by(100);
  EXPECT_EQ(total_.report(0, {450}), 1u);
}

TEST_F(QueueTotalTest, ForgetsWhatWasReportedBefore) {
  exceed_by(500);
  for (unsigned shard = 0; shard < 3; ++shard) total_.report(shard, {100});
  total_.closed(2);
  exceed_by(0);
  ASSERT_FALSE(total_.is_exceeded());
  total_.forget();
  exceed_by(500);
  EXPECT_EQ(total_.report(2, {600}), 0u) << "the others' are out of date";
}

/// Shards that look in any order: within the limit after two ticks, nobody has gone
/// who was smaller than somebody who stayed, nor one more than needed.
TEST_F(QueueTotalTest, ClosesTheLargestOfAllShards) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::array<std::vector<std::size_t>, 3> shards;
    const auto sum = [&] {
      std::int64_t bytes = 0;
      for (const auto& queues : shards) bytes += std::accumulate(queues.begin(), queues.end(), std::int64_t{0});
      return bytes;
    };
    for (auto& queues : shards) {
      queues.resize(random() % 20);
      for (std::size_t& queue : queues) queue = random() % 2000;
    }
    total_.forget();
    exceed_by(sum() - kLimit);
    std::size_t smallest_closed = 2000;
    for (int ticks = 0; ticks < 2; ++ticks) {
      std::array<unsigned, 3> order{0, 1, 2};
      std::shuffle(order.begin(), order.end(), random);
      for (const unsigned shard : order) {
        if (!total_.is_exceeded()) {
          total_.forget();
          continue;
        }
        auto& queues = shards[shard];
        const std::size_t count = total_.report(shard, queues);
        std::sort(queues.begin(), queues.end());
        for (std::size_t i = 0; i < count; ++i) {
          smallest_closed = std::min(smallest_closed, queues.back());
          queues.pop_back();
        }
        exceed_by(sum() - kLimit);
        total_.closed(shard);
      }
    }
    EXPECT_FALSE(total_.is_exceeded()) << "round " << round;
    EXPECT_TRUE(smallest_closed == 2000 || sum() + static_cast<std::int64_t>(smallest_closed) > kLimit)
        << "one more than needed";
    for (const auto& queues : shards) {
      for (const std::size_t queue : queues) EXPECT_LE(queue, smallest_closed) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace signalbox
