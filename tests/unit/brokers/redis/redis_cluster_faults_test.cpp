// A real Redis Cluster under load, whose masters die, give way or are cut off.
#include <algorithm>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/brokers/redis/late_gaps.hpp"
#include "tests/unit/brokers/redis/redis_cluster_fixture.hpp"

namespace signalbox::test {
namespace {

TEST(RedisCluster, LosesNothingWithoutAGapWhileSlotsMigrateUnderLoad) {
  RedisCluster cluster;
  BrokerUnderLoad load(brokers(cluster), 300, 5000);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  load.fault();  // one in the books, as gaps that are told once more come after the next slot has moved
  std::set<std::size_t> groups;
  for (int i = 0; i < 300; ++i) groups.insert(HashTags::group(tagged("load:user" + std::to_string(i), "load:")));
  std::size_t moved = 0;
  for (const std::size_t group : groups) {
    if (++moved > 60) break;
    cluster.migrate(HashTags::slot(group), *cluster.servers()[group % RedisCluster::kMasters]);
  }
  ASSERT_TRUE(wait_until([&] { return load.both_ready() && load.wait_delivered(1000, 20s); }, 20s)) << load.reasons();
  EXPECT_EQ(lies_after_late_gaps(load), std::vector<std::string>());
  std::cout << "60 groups migrated: " << load.figures() << '\n';
}

TEST(RedisCluster, FollowsAFailoverUnderLoadWhenAMasterIsKilled) {
  RedisCluster cluster(RedisCluster::Replicas::one_each);
  BrokerUnderLoad load(brokers(cluster), 300, 5000);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  RedisServer& killed = cluster.owner(0);
  load.fault();
  killed.kill();
  ASSERT_TRUE(wait_until([&] { return !load.both_ready(); }));
  ASSERT_TRUE(load.wait_delivered(1000, 20s)) << "the other two serve on";
  ASSERT_TRUE(cluster.wait_other_owner(0, killed, 40s));
  ASSERT_TRUE(load.wait_recovered(20s)) << load.reasons();
  EXPECT_GT(load.holder().gaps(), 0U);
  std::cout << "cluster, one of three masters killed: " << load.figures() << '\n';
  // It comes back behind the times, as a replica, and is left alone.
  const auto used = [&] { return killed.command({"CLIENT", "LIST"}).find("subscriber-") != std::string::npos; };
  killed.restart();
  EXPECT_TRUE(wait_until([&] { return killed.command({"ROLE"}).starts_with("slave"); }, 40s));
  EXPECT_FALSE(wait_until(used, 1s));
  EXPECT_TRUE(load.both_ready()) << load.reasons();
  EXPECT_EQ(lies_after_late_gaps(load), std::vector<std::string>());
}

TEST(RedisCluster, FollowsAFailoverUnderLoadThatIsAskedFor) {
  RedisCluster cluster(RedisCluster::Replicas::one_each);
  BrokerUnderLoad load(brokers(cluster), 300, 5000);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  load.fault();
  cluster.fail_over(cluster.owner(0));
  ASSERT_TRUE(load.wait_recovered(20s)) << load.reasons();
  // What the old master has published goes to the new one as well, some 40 ms later, where the channels may be subscribed by
  // then. The core drops what it has seen.
  std::vector<std::string> lies = lies_after_late_gaps(load);
  std::erase_if(lies, [](const std::string& lie) {
    const std::string_view begun = ", begun ";
    const std::size_t at = lie.find(begun);
    if (lie.find(" got twice: ") == std::string::npos || at == std::string::npos) return false;
    const int after_fault = std::stoi(lie.substr(at + begun.size()));  // in ms, negative before it
    return after_fault > -100 && after_fault < 3000;
  });
  EXPECT_EQ(lies, std::vector<std::string>());
  std::cout << "cluster, failover asked for: " << load.figures() << '\n';
}

TEST(RedisCluster, HasTenThousandChannelsAgainAfterAMasterWasAway) {
  RedisCluster cluster;
  RedisInstance a("", "a", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready));
  const std::vector<std::string> channels = numbered(10'000);
  subscribe_all(*a, channels);
  RedisServer& killed = cluster.owner(0);
  std::set<std::string> concerned;
  for (const std::string& channel : channels) {
    if (concerned.size() < 20 && &cluster.owner(slot_of(channel)) == &killed) concerned.insert(channel);
  }
  killed.kill();
  ASSERT_TRUE(a.host.wait_state(State::degraded));
  EXPECT_EQ(wait(publish(*a, *concerned.begin(), "x")).code, errc::unavailable);
  killed.restart();
  const auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(a.host.wait_state(State::ready, 20s)) << a.host.snapshot().reason;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << "10,000 channels, a third of them subscribed again " << took.count() << " s after its master was back\n";
  const Gaps told = gaps(a);
  EXPECT_EQ(told.of_all, 0);
  EXPECT_NEAR(static_cast<double>(told.channels.size()), 10'000 / 3.0, 700);
  for (const std::string& channel : concerned) {
    EXPECT_TRUE(told.channels.contains(channel));
    EXPECT_EQ(wait(publish(*a, channel, "back")).receivers.count, 1U);
  }
}

TEST(RedisCluster, TellsTheGapOfASlotThatHasMovedOnceMoreWhenAllHaveFollowed) {
  RedisCluster cluster;
  RedisInstance a("", "a", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready));
  subscribe_all(*a, {"user0", "user1"});
  ASSERT_NE(slot_of("user0"), slot_of("user1"));
  cluster.migrate(slot_of("user0"), other_than(cluster, cluster.owner(slot_of("user0"))));
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return seen.gaps.size() == 2; }, 30s));
  const auto snapshot = a.host.snapshot();
  EXPECT_NE(snapshot.gaps[1].find("others may have followed later"), std::string::npos);
  for (const auto& some : snapshot.gap_channels) EXPECT_EQ(some, std::vector<std::string>{"user0"});
}

/// A master that is cut off from the others, and not from us, goes on answering as if nothing had happened.
TEST(RedisCluster, TellsNobodyOfAMasterThatIsCutOffThatNobodyIsThere) {
  RedisCluster cluster;
  RedisInstance a("", "a", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready));
  const RedisServer& left = *cluster.servers()[0];
  const std::vector<std::string> all = numbered(200);
  const auto of_it = [&](const std::string& channel) { return &cluster.owner(slot_of(channel)) == &left; };
  std::vector<std::string> channels;  // two of them
  std::copy_if(all.begin(), all.end(), std::back_inserter(channels),
               [&](const std::string& channel) { return channels.size() < 2 && of_it(channel); });
  ASSERT_TRUE(wait(subscribe(*a, channels[0])).ok());
  cluster.servers()[1]->freeze();
  cluster.servers()[2]->freeze();
  const auto cut_off = [](const auto& seen) { return seen.reason.find("cut off from most masters") != std::string::npos; };
  ASSERT_TRUE(a.host.wait(cut_off, 20s)) << a.host.snapshot().reason;
  EXPECT_EQ(wait(publish(*a, channels[1], "x")).code, errc::unknown_outcome);
  EXPECT_EQ(wait(exists(*a, channels[1])).code, errc::unavailable);
  EXPECT_EQ(wait(publish(*a, channels[0], "x")).receivers.count, 1U) << "who is counted is there";
  EXPECT_TRUE(wait(exists(*a, channels[0])).exists);
  cluster.servers()[1]->thaw();
  cluster.servers()[2]->thaw();
  ASSERT_TRUE(a.host.wait_state(State::ready, 40s)) << a.host.snapshot().reason;
  EXPECT_EQ(wait(publish(*a, channels[1], "x")).receivers.precision, Precision::exact);
  EXPECT_FALSE(wait(exists(*a, channels[1])).exists);
}

}  // namespace
}  // namespace signalbox::test
