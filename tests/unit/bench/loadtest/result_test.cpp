#include "bench/loadtest/result.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

TEST(Recovery, IsWhenAllAreReadyForTheFirstTimeAfterOneWasNot) {
  Recovery recovery;
  recovery.note_readiness(true, 10ms);  // not noticed yet
  recovery.note_readiness(false, 30ms);
  recovery.note_readiness(false, 50ms);
  EXPECT_EQ(recovery.ready, 50ms) << "not before";
  EXPECT_TRUE(recovery.unready);
  recovery.note_readiness(true, 70ms);
  recovery.note_readiness(true, 90ms);
  EXPECT_EQ(recovery.ready, 70ms);
  EXPECT_FALSE(recovery.unready);
  recovery.note_readiness(false, 110ms);
  recovery.note_readiness(true, 130ms);
  EXPECT_EQ(recovery.ready, 130ms) << "of the last time that one was not";
}

TEST(Recovery, IsNoTimeWhereNoneWasSeenUnready) {
  Recovery recovery;
  for (const auto time : {10ms, 30ms}) recovery.note_readiness(true, time);
  EXPECT_EQ(recovery.ready, 0ms);
}

}  // namespace
}  // namespace signalbox::bench
