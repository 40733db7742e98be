#include "brokers/kafka/call_turns.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

constexpr Time kStart = Time() + std::chrono::hours(1);

TEST(CallTurns, ReadsFirstForATick) {
  CallTurns turns;
  EXPECT_TRUE(turns.take(false, true, kStart));
  EXPECT_TRUE(turns.take(false, true, kStart));
  EXPECT_FALSE(turns.take(true, true, kStart + kTick / 2));
  EXPECT_TRUE(turns.take(true, true, kStart + kTick)) << "a call has a deadline, and a backlog may have no end";
  EXPECT_FALSE(turns.take(true, true, kStart + kTick));
}

TEST(CallTurns, KeepNobodyWaitingForARefusal) {
  CallTurns turns;
  EXPECT_TRUE(turns.take(true, false, kStart));
  EXPECT_TRUE(turns.take(true, false, kStart));
}

}  // namespace
}  // namespace signalbox::kafka
