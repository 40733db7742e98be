// A real Redis Cluster whose slots move.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/brokers/redis/redis_cluster_fixture.hpp"

namespace signalbox::test {
namespace {

TEST(RedisCluster, HoldsEachChannelOnTheMasterOfItsSlotAndSpreadsThemEvenly) {
  RedisCluster cluster;
  Values one_seed{{"mode", "cluster"}, {"urls", cluster.servers()[1]->url()}};
  RedisInstance a("", "a", values(cluster));
  RedisInstance b("", "b", one_seed);
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  ASSERT_TRUE(b.host.wait_state(State::ready)) << b.host.snapshot().reason;
  const std::vector<std::string> channels = numbered(300);
  subscribe_all(*a, channels);
  std::map<const RedisServer*, int> share;
  for (const std::string& channel : channels) {
    EXPECT_EQ(wait(publish(*b, channel, "to " + channel)).receivers.count, 1U);
    EXPECT_TRUE(wait(exists(*b, channel)).exists);
    int total = 0;
    for (const auto& server : cluster.servers()) {
      const int here = holders(*server, channel);
      share[server.get()] += here;
      total += here;
    }
    EXPECT_EQ(total, 1) << channel;
  }
  for (const auto& [server, count] : share) EXPECT_NEAR(count, 100, 35) << server->port();
  ASSERT_TRUE(a.host.wait_delivered(300));
  for (const auto& [channel, payload] : a.host.snapshot().delivered) EXPECT_EQ(payload, "to " + channel);
  EXPECT_TRUE(wait(unsubscribe(*a, "user7")).ok());
  EXPECT_FALSE(wait(exists(*b, "user7")).exists);
  EXPECT_EQ(wait(publish(*b, "user7", "x")).receivers.count, 0U);
  const std::vector<std::string> events = a.host.snapshot().events;
  EXPECT_EQ(std::count(events.begin(), events.end(), "state ready"), 1);
  EXPECT_EQ(std::count(events.begin(), events.end(), "gap"), 0);
}

TEST(RedisCluster, TakesOnePairOfConnectionsToEachMasterAndNoneToReplicas) {
  RedisCluster cluster(RedisCluster::Replicas::one_each);
  RedisInstance a("", "a", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  const auto ours = [](const RedisServer& server) {
    const std::string list = server.command({"CLIENT", "LIST"});
    int count = 0;
    for (std::size_t at = 0; (at = list.find("name=signalbox:", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  for (const auto& server : cluster.servers()) {
    const bool master = server->command({"ROLE"}).starts_with("master");
    EXPECT_TRUE(wait_until([&] { return ours(*server) == (master ? 2 : 0); })) << server->port() << ": " << ours(*server);
  }
}

TEST(RedisCluster, HandsOverTheChannelsOfASlotThatMigratesAndTellsThoseAloneAGap) {
  RedisCluster cluster;
  RedisInstance a("", "a", values(cluster));
  RedisInstance b("", "b", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready) && b.host.wait_state(State::ready));
  const std::vector<std::string> channels = numbered(2000);
  subscribe_all(*a, channels);
  const std::uint16_t slot = slot_of("user0");
  std::set<std::string> concerned;
  for (const std::string& channel : channels) {
    if (slot_of(channel) == slot) concerned.insert(channel);
  }
  ASSERT_GT(concerned.size(), 1U);
  const RedisServer& from = cluster.owner(slot);
  const RedisServer& to = other_than(cluster, from);
  cluster.migrate(slot, to);
  ASSERT_TRUE(a.host.wait([&](const auto& seen) { return !seen.gaps.empty() && seen.states.back() == State::ready; }));
  EXPECT_EQ(gaps(a).channels, concerned);
  EXPECT_EQ(gaps(a).of_all, 0);
  for (const std::string& channel : concerned) {
    EXPECT_EQ(holders(to, channel), 1);
    EXPECT_EQ(holders(from, channel), 0);
  }
  // The other instance learns it from the first answer: that one call fails, surely not sent, and none is answered wrongly.
  std::size_t delivered = 0;
  ASSERT_TRUE(wait_until([&] {
    const Outcome outcome = wait(publish(*b, "user0", "x"));
    EXPECT_TRUE(outcome.code == errc::unavailable || outcome.receivers.count == 1) << outcome.detail;
    delivered += outcome.ok();
    return outcome.ok();
  }));
  EXPECT_TRUE(wait(exists(*b, "user0")).exists);
  EXPECT_TRUE(b.host.snapshot().gaps.empty());
  for (const std::string& channel : channels) EXPECT_EQ(wait(publish(*b, channel, "x")).receivers.count, 1U) << channel;
  EXPECT_TRUE(a.host.wait_delivered(channels.size() + delivered));

  // And back; unsubscribing what has just moved as well.
  cluster.migrate(slot, from);
  EXPECT_TRUE(wait(unsubscribe(*a, "user0")).ok());
  EXPECT_TRUE(wait_until([&] { return holders(from, *concerned.rbegin()) == 1; }));
  EXPECT_EQ(holders(from, "user0") + holders(to, "user0"), 0);
  EXPECT_FALSE(wait(exists(*a, "user0")).exists);
}

TEST(RedisCluster, NeverSaysThatNobodyIsThereBecauseItAskedTheWrongNode) {
  RedisCluster cluster;
  RedisInstance a("", "a", values(cluster));
  RedisInstance b("", "b", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready) && b.host.wait_state(State::ready));
  const std::uint16_t slot = slot_of("alice");
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  const auto asks_nobody = [&] {  // what the cluster looks like
    return std::none_of(cluster.servers().begin(), cluster.servers().end(), [](const auto& server) {
      return server->command({"CLIENT", "LIST"}).find("name=signalbox:b:scout") != std::string::npos;
    });
  };
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(wait_until(asks_nobody));
    const RedisServer& to = other_than(cluster, cluster.owner(slot));
    cluster.migrate(slot, to);
    ASSERT_TRUE(wait_until([&] { return holders(to, "alice") == 1; }));
    // Only now does the other one ask, which knows nothing of it.
    Outcome outcome;
    ASSERT_TRUE(wait_until([&] { return (outcome = wait(exists(*b, "alice"))).ok(); }));
    EXPECT_TRUE(outcome.exists) << "round " << round;
  }
}

TEST(RedisCluster, KeepsAMasterInServiceWhileTheSlotOfItsProbeMigrates) {
  RedisCluster cluster;
  RedisInstance a("", "a", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready));
  const RedisServer& master = *cluster.servers()[0];
  std::size_t home = 0;  // the last of the master's groups
  while (HashTags::slot(home + 1) <= redis::kSlots / RedisCluster::kMasters - 1) ++home;
  ASSERT_EQ(&cluster.owner(HashTags::slot(home)), &master);
  std::string channel;
  for (const std::string& one : numbered(100)) {
    if (&cluster.owner(slot_of(one)) == &master && slot_of(one) != HashTags::slot(home)) channel = one;
  }
  ASSERT_TRUE(wait(subscribe(*a, channel)).ok());
  const auto probed_in = [&](std::size_t group) {
    const std::string probe = HashTags("").reserved(group, "i:a:0");
    return master.command({"PUBSUB", "SHARDNUMSUB", probe}) == probe + "\n1";
  };
  ASSERT_TRUE(probed_in(home));
  cluster.migrate(HashTags::slot(home), *cluster.servers()[1]);
  EXPECT_TRUE(wait_until([&] {
    EXPECT_EQ(wait(publish(*a, channel, "x")).receivers.count, 1U);
    return probed_in(home - 1);
  }));
  EXPECT_EQ(a.host.snapshot().states.back(), State::ready);
  const std::vector<std::string> events = a.host.snapshot().events;
  EXPECT_EQ(std::count(events.begin(), events.end(), "state ready"), 1);
}

TEST(RedisCluster, LeavesAMasterThatGivesUpAllItsSlotsAndTakesItUpAgain) {
  RedisCluster cluster;
  RedisInstance a("", "a", values(cluster));
  ASSERT_TRUE(a.host.wait_state(State::ready));
  const std::vector<std::string> channels = numbered(600);
  subscribe_all(*a, channels);
  const RedisServer& leaving = *cluster.servers()[2];
  std::vector<std::uint16_t> slots;
  for (std::size_t group = 0; group < HashTags::kGroups; ++group) {
    if (&cluster.owner(HashTags::slot(group)) == &leaving) slots.push_back(HashTags::slot(group));
  }
  const auto whole = [&] {
    for (const std::string& channel : channels) {
      const Outcome outcome = wait(publish(*a, channel, "x"));
      if (!outcome.ok() || outcome.receivers.count != 1) return false;
    }
    return true;
  };
  for (const std::uint16_t slot : slots) cluster.migrate(slot, *cluster.servers()[slot % 2]);
  const auto left = [&] { return leaving.command({"CLIENT", "LIST"}).find("name=signalbox:") == std::string::npos; };
  ASSERT_TRUE(wait_until([&] { return left() && whole(); }, 20s)) << a.host.snapshot().reason;
  ASSERT_TRUE(a.host.wait_state(State::ready));

  for (const std::uint16_t slot : slots) cluster.migrate(slot, leaving);
  ASSERT_TRUE(wait_until([&] { return !left() && whole(); }, 20s)) << a.host.snapshot().reason;
  EXPECT_TRUE(a.host.wait_state(State::ready));
}

TEST(RedisCluster, IsNotReadyWhileASlotHasNoMasterAndSaysSo) {
  RedisCluster cluster;
  for (const auto& server : cluster.servers()) server->command({"CONFIG", "SET", "cluster-require-full-coverage", "no"});
  const std::uint16_t slot = slot_of("alice");
  for (const auto& server : cluster.servers()) server->command({"CLUSTER", "DELSLOTS", std::to_string(slot)});
  RedisInstance a("", "a", values(cluster));
  ASSERT_TRUE(a.host.wait([&](const auto& seen) { return seen.reason.find("no master has slot") != std::string::npos; }))
      << a.host.snapshot().reason;
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::unavailable);
  cluster.servers()[0]->command({"CLUSTER", "ADDSLOTS", std::to_string(slot)});
  EXPECT_TRUE(a.host.wait_state(State::ready));
  EXPECT_EQ(wait(publish(*a, "alice", "x")).receivers.count, 0U);
}

TEST(RedisCluster, WorksWithTheRightsOfTheManualAndNamesWhatIsWrong) {
  RedisCluster cluster;
  for (const auto& server : cluster.servers()) {
    server->command({"ACL", "SETUSER", "app", "on", ">app-secret", "resetkeys", "resetchannels", "&ws:*", "-@all",
                     "+ssubscribe", "+sunsubscribe", "+spublish", "+pubsub|shardnumsub", "+ping", "+role", "+info",
                     "+cluster|slots", "+cluster|nodes"});
  }
  Values with_user = values(cluster);
  with_user.emplace_back("username", "app");
  with_user.emplace_back("password", "app-secret");
  RedisInstance user("", "user", with_user, 2000ms, "ws:");
  ASSERT_TRUE(user.host.wait_state(State::ready)) << user.host.snapshot().reason;
  ASSERT_TRUE(wait(subscribe(*user, "ws:alice")).ok());
  EXPECT_EQ(
      cluster.owner(redis::slot_of(tagged("ws:alice", "ws:"))).command({"SPUBLISH", tagged("ws:alice", "ws:"), "by hand"}),
      "1");
  ASSERT_TRUE(user.host.wait_delivered(1));
  EXPECT_EQ(user.host.snapshot().delivered.front(), (std::pair<std::string, std::string>{"ws:alice", "by hand"}));

  Values wrong_password = with_user;
  wrong_password.back().second = "wrong";
  RedisInstance refused("", "refused", wrong_password, 2000ms, "ws:");
  EXPECT_TRUE(refused.host.wait_state(State::failed));
  EXPECT_EQ(refused.host.snapshot().reason.substr(0, 19), "auth: cluster node ");
  RedisInstance brace("", "brace", values(cluster), 2000ms, "{ws}");
  EXPECT_TRUE(brace.host.wait_state(State::failed));
  EXPECT_EQ(brace.host.snapshot().reason,
            "config: broker.channel_prefix holds a '{', which mode cluster needs for itself; take it out");
  RedisServer single;
  RedisInstance alone("", "alone", {{"mode", "cluster"}, {"urls", single.url()}});
  EXPECT_TRUE(alone.host.wait_state(State::failed));
  EXPECT_NE(alone.host.snapshot().reason.find("without cluster-enabled"), std::string::npos) << alone.host.snapshot().reason;
}

}  // namespace
}  // namespace signalbox::test
