#include "brokers/kafka/presence_partition.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

/// A log that is written and read at once.
class PresencePartitionTest : public testing::Test {
 protected:
  PresencePartitionTest() { partition_.become({"me", 100}); }

  PresencePartition::Effect beat(const std::string& instance, std::uint64_t incarnation, bool farewell = false) {
    const std::string key = encode(PresenceKey{{}, instance});
    const std::string value = encode(Heartbeat{incarnation, ++sequence_, 7, farewell, partitions_});
    return partition_.apply({key, value, clock_ms_});
  }
  PresencePartition::Effect echo() { return beat("me", 100); }
  PresencePartition::Effect hold(const std::string& channel, const std::string& instance, std::uint64_t incarnation) {
    key_ = encode(PresenceKey{channel, instance});
    const std::string value = encode(Route{incarnation});
    return partition_.apply({key_, value, clock_ms_});
  }
  PresencePartition::Effect erase(const std::string& channel, const std::string& instance) {
    key_ = encode(PresenceKey{channel, instance});
    return partition_.apply({key_, std::nullopt, clock_ms_});
  }
  /// "2", or "?" where it can't be known.
  std::string holders(const std::string& channel) {
    std::vector<Target> targets;
    partition_.find(channel, targets);
    const auto live = std::count_if(targets.begin(), targets.end(), [](const Target& target) { return target.live; });
    return live == 0 && !targets.empty() ? "?" : std::to_string(live);
  }

  PresencePartition partition_;
  std::string key_;
  std::uint64_t sequence_ = 0;
  std::uint32_t partitions_ = 8;
  std::int64_t clock_ms_ = 1'000'000;
};

TEST_F(PresencePartitionTest, IsCompleteOnceOurOwnHeartbeatIsBack) {
  EXPECT_FALSE(partition_.complete());
  beat("other", 1);
  EXPECT_FALSE(partition_.complete());
  EXPECT_EQ(echo().echo, sequence_);
  EXPECT_TRUE(partition_.complete());
}

TEST_F(PresencePartitionTest, CountsEachHolderOnce) {
  echo();
  beat("a", 1);
  beat("b", 1);
  hold("alice", "a", 1);
  hold("alice", "a", 1);
  EXPECT_EQ(holders("alice"), "1");
  hold("alice", "b", 1);
  EXPECT_EQ(holders("alice"), "2");
  erase("alice", "a");
  EXPECT_EQ(holders("alice"), "1");
  erase("alice", "b");
  EXPECT_EQ(holders("alice"), "0");
}

TEST_F(PresencePartitionTest, DeclaresDeadWhoMissesThreeOfOurBeats) {
  echo();
  beat("a", 1);
  hold("alice", "a", 1);
  echo();
  echo();
  EXPECT_EQ(holders("alice"), "1");
  echo();
  EXPECT_EQ(holders("alice"), "0");
  beat("a", 1);
  EXPECT_EQ(holders("alice"), "1") << "it was frozen, and is back";
}

TEST_F(PresencePartitionTest, BlamesNobodyWhileOurOwnHeartbeatsAreMissing) {
  echo();
  beat("a", 1);
  hold("alice", "a", 1);
  clock_ms_ += 3'600'000;
  EXPECT_EQ(holders("alice"), "1");
  echo();
  EXPECT_EQ(holders("alice"), "1") << "an outage of all says nothing of one";
}

TEST_F(PresencePartitionTest, ForgetsTheRoutesOfAnEarlierIncarnationAtOnce) {
  echo();
  beat("a", 1);
  hold("alice", "a", 1);
  hold("bob", "a", 1);
  beat("a", 2);
  EXPECT_EQ(holders("alice"), "0");
  hold("bob", "a", 2);
  EXPECT_EQ(holders("bob"), "1");
  beat("a", 1);
  hold("alice", "a", 1);
  EXPECT_EQ(holders("alice"), "0") << "what comes late from the earlier one";
}

TEST_F(PresencePartitionTest, TakesALowerIncarnationOfOneThatWasSwept) {
  echo();
  beat("a", 5);
  hold("alice", "a", 5);
  erase({}, "a");
  beat("a", 5);
  EXPECT_EQ(holders("alice"), "1") << "the same one is back";
  erase({}, "a");
  beat("a", 2);
  hold("bob", "a", 2);
  EXPECT_EQ(holders("bob"), "1") << "its clock was set back meanwhile";
  EXPECT_EQ(holders("alice"), "0");
}

TEST_F(PresencePartitionTest, BelievesAFarewell) {
  echo();
  beat("a", 1);
  hold("alice", "a", 1);
  beat("a", 1, true);
  EXPECT_EQ(holders("alice"), "0");
}

TEST_F(PresencePartitionTest, BelievesAFreshHeartbeatOfTheHistoryAndDoubtsAnOldOne) {
  beat("old", 1);
  hold("alice", "old", 1);
  clock_ms_ += 60'000;
  beat("fresh", 1);
  hold("bob", "fresh", 1);
  clock_ms_ += 2'000;
  echo();
  EXPECT_EQ(holders("bob"), "1");
  EXPECT_EQ(holders("alice"), "?");
  echo();
  EXPECT_EQ(holders("alice"), "?");
  echo();
  EXPECT_EQ(holders("alice"), "0") << "it had its time";
}

TEST_F(PresencePartitionTest, DoubtsAHeartbeatOfTheHistoryThatSeemsToBeOfTheFuture) {
  clock_ms_ += 60'000;
  beat("ahead", 1);
  hold("alice", "ahead", 1);
  clock_ms_ -= 60'000;
  echo();
  EXPECT_EQ(holders("alice"), "?");
}

TEST_F(PresencePartitionTest, ConfirmsADoubtfulOneByItsNextHeartbeat) {
  beat("old", 1);
  hold("alice", "old", 1);
  clock_ms_ += 60'000;
  echo();
  beat("old", 1);
  EXPECT_EQ(holders("alice"), "1");
}

TEST_F(PresencePartitionTest, KnowsThatOthersMayHaveCountedUsOut) {
  echo();
  beat("a", 1);
  beat("a", 1);
  EXPECT_FALSE(echo().declared_dead);
  for (int i = 0; i < 3; ++i) beat("a", 1);
  EXPECT_TRUE(echo().declared_dead);
  EXPECT_FALSE(echo().declared_dead);
}

TEST_F(PresencePartitionTest, TellsOfARival) {
  echo();
  EXPECT_EQ(beat("me", 99).rival, 0u) << "an earlier one of ours";
  EXPECT_EQ(beat("me", 101).rival, 101u);
}

TEST_F(PresencePartitionTest, TellsThatOurRouteIsGone) {
  echo();
  hold("alice", "me", 100);
  EXPECT_EQ(holders("alice"), "1");
  EXPECT_EQ(erase("alice", "me").erased, "alice");
  EXPECT_FALSE(erase("alice", "other").erased);
}

TEST_F(PresencePartitionTest, TellsThatALateRecordOfOurPastHasReplacedOurRoute) {
  echo();
  EXPECT_FALSE(hold("alice", "me", 50).erased) << "nothing of ours was there";
  EXPECT_FALSE(hold("alice", "me", 100).erased);
  EXPECT_EQ(holders("alice"), "1");
  EXPECT_EQ(hold("alice", "me", 50).erased, "alice");
  EXPECT_EQ(holders("alice"), "0") << "as every reader has it";
}

TEST_F(PresencePartitionTest, CountsItselfOutWhenItsHeartbeatIsErased) {
  EXPECT_FALSE(erase({}, "me").missing) << "of before we came";
  EXPECT_FALSE(echo().declared_dead);
  EXPECT_TRUE(erase({}, "me").missing);
  EXPECT_TRUE(echo().declared_dead) << "others said no until this heartbeat";
  EXPECT_FALSE(echo().declared_dead);
}

TEST_F(PresencePartitionTest, SweepsARouteOfItsOwnThatWasStoredLate) {
  echo();
  hold("alice", "me", 100);
  hold("bob", "me", 100);
  std::vector<std::string> keys;
  partition_.sweep(10, [](const std::string& channel) { return channel == "bob"; }, keys);
  EXPECT_EQ(keys, std::vector<std::string>{encode(PresenceKey{"alice", "me"})});
}

TEST_F(PresencePartitionTest, KnowsWhenItWasAwayForLongerThanTombstonesAreKept) {
  EXPECT_FALSE(echo().stale) << "the first has nothing before it";
  clock_ms_ += PresencePartition::kAwayMs;
  EXPECT_FALSE(echo().stale);
  clock_ms_ += PresencePartition::kAwayMs + 1;
  EXPECT_TRUE(echo().stale);
  EXPECT_FALSE(echo().stale);
}

TEST_F(PresencePartitionTest, TellsHowManyPartitionsOthersHaveCounted) {
  EXPECT_EQ(echo().partitions, 0u);
  partitions_ = 16;
  EXPECT_EQ(beat("a", 1).partitions, 16u);
}

TEST_F(PresencePartitionTest, SweepsItsOwnPastAndTheLongDead) {
  beat("z-dead", 1);
  hold("alice", "z-dead", 1);
  hold("bob", "me", 50);
  hold("carol", "me", 50);
  clock_ms_ += PresencePartition::kForgottenMs + 1;
  echo();
  std::vector<std::string> keys;
  const auto is_carol = [](const std::string& channel) { return channel == "carol"; };
  partition_.sweep(10, is_carol, keys);
  EXPECT_EQ(keys, std::vector<std::string>{encode(PresenceKey{"bob", "me"})}) << "it may be back: it has its time to say so";
  for (int i = 0; i < 2; ++i) echo();
  keys.clear();
  partition_.sweep(10, is_carol, keys);
  std::sort(keys.begin(), keys.end());
  std::vector<std::string> expected{encode(PresenceKey{"alice", "z-dead"}), encode(PresenceKey{"bob", "me"}),
                                    encode(PresenceKey{{}, "z-dead"})};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(keys, expected);
}

TEST_F(PresencePartitionTest, LeavesSweepingTheDeadToTheFirstByName) {
  beat("z-dead", 1);
  hold("alice", "z-dead", 1);
  clock_ms_ += PresencePartition::kForgottenMs + 1;
  beat("a-first", 1);
  echo();
  std::vector<std::string> keys;
  for (int i = 0; i < 2; ++i) {
    beat("a-first", 1);
    echo();
  }
  partition_.sweep(10, [](const std::string&) { return false; }, keys);
  EXPECT_TRUE(keys.empty());
}

TEST_F(PresencePartitionTest, PassesOverWhatItCanNotRead) {
  partition_.apply({"", std::nullopt, 0});
  partition_.apply({"\x07garbage", "garbage", 0});
  partition_.apply({encode(PresenceKey{{}, "a"}), "x", 0});
  echo();
  EXPECT_EQ(holders("alice"), "0");
}

}  // namespace
}  // namespace signalbox::kafka
