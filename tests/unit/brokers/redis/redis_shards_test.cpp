// Several real servers that share the channels.
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/shards.hpp"
#include "tests/support/booked_broker.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/unit/brokers/redis/redis_instance.hpp"

namespace signalbox::test {
namespace {

class RedisShards : public ::testing::Test {
 protected:
  RedisShards() {
    for (int i = 0; i < 3; ++i) servers_.push_back(std::make_unique<RedisServer>());
  }
  Values values(bool reversed = false) {
    Values values{{"mode", "shards"}};
    for (const auto& server : servers_) values.emplace_back("urls", server->url());
    if (reversed) std::reverse(values.begin() + 1, values.end());
    return values;
  }
  /// A channel that belongs to the server.
  std::string channel_on(const RedisServer& server, const std::string& name) {
    std::vector<redis::Endpoint> nodes;
    for (const auto& one : servers_) nodes.push_back({"127.0.0.1", one->port()});
    const redis::Shards shards(nodes);
    for (int i = 0;; ++i) {
      const std::string channel = name + std::to_string(i);
      if (shards.nodes()[shards.group(channel)].port == server.port()) return channel;
    }
  }

  std::vector<std::unique_ptr<RedisServer>> servers_;
};

TEST_F(RedisShards, HoldEachChannelOnOneServerForInstancesThatListThemInAnyOrder) {
  RedisInstance a("", "a", values());
  RedisInstance b("", "b", values(true));
  ASSERT_TRUE(a.host.wait_state(State::ready) && b.host.wait_state(State::ready)) << a.host.snapshot().reason;
  std::set<const RedisServer*> used;
  for (int i = 0; i < 60; ++i) {
    const std::string channel = "user" + std::to_string(i);
    ASSERT_TRUE(wait(subscribe(*a, channel)).ok());
    EXPECT_EQ(wait(publish(*b, channel, "hi")).receivers.count, 1U);
    EXPECT_TRUE(wait(exists(*b, channel)).exists);
    int holders = 0;
    for (const auto& server : servers_) {
      if (server->subscribers(channel) == 0) continue;
      used.insert(server.get());
      ++holders;
    }
    EXPECT_EQ(holders, 1);
  }
  EXPECT_EQ(used.size(), 3U);
  EXPECT_TRUE(a.host.wait_delivered(60));
  EXPECT_TRUE(wait(unsubscribe(*a, "user7")).ok());
  EXPECT_FALSE(wait(exists(*b, "user7")).exists);
}

TEST_F(RedisShards, GoOnServingTheirChannelsWhileOneIsAwayAndTellAGapToItsChannelsAlone) {
  RedisInstance a("", "a", values());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  const std::string lost = channel_on(*servers_[0], "lost");
  const std::string kept = channel_on(*servers_[1], "kept");
  for (const std::string& channel : {lost, kept}) ASSERT_TRUE(wait(subscribe(*a, channel)).ok());
  servers_[0]->kill();
  ASSERT_TRUE(a.host.wait_state(State::degraded));
  const std::string endpoint = "127.0.0.1:" + std::to_string(servers_[0]->port());
  EXPECT_NE(a.host.snapshot().reason.find(endpoint), std::string::npos) << a.host.snapshot().reason;

  const Outcome refused = wait(publish(*a, lost, "x"));
  EXPECT_EQ(refused.code, errc::unavailable);
  EXPECT_NE(refused.detail.find(endpoint), std::string::npos) << refused.detail;
  EXPECT_EQ(wait(exists(*a, lost)).code, errc::unavailable);
  EXPECT_EQ(wait(publish(*a, kept, "still")).receivers.count, 1U);
  EXPECT_TRUE(wait(exists(*a, kept)).exists);
  EXPECT_TRUE(wait(subscribe(*a, channel_on(*servers_[2], "new"))).ok());
  EXPECT_TRUE(a.host.wait_delivered(1));
  EXPECT_TRUE(a.host.snapshot().gaps.empty());

  servers_[0]->restart();
  ASSERT_TRUE(a.host.wait_state(State::ready));
  EXPECT_EQ(a.host.snapshot().gap_channels, (std::vector<std::vector<std::string>>{{lost}}));
  EXPECT_EQ(wait(publish(*a, lost, "again")).receivers.count, 1U);
}

TEST_F(RedisShards, AreNotReadyUntilEachIsAndNameTheOneThatIsWrong) {
  servers_[1]->command({"REPLICAOF", "127.0.0.1", "1"});
  RedisInstance a("", "a", values());
  ASSERT_TRUE(a.host.wait_state(State::failed));
  const std::string wanted = "config: 127.0.0.1:" + std::to_string(servers_[1]->port()) + ": the server is a replica";
  EXPECT_EQ(a.host.snapshot().reason.substr(0, wanted.size()), wanted);
  servers_[1]->command({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(a.host.wait_state(State::ready, 20s));
}

/// One that answers, or is there, and does not serve us.
class RedisShardsOfWhichOne : public RedisShards {
 protected:
  /// From `wrong` on the first is not there for anybody, for a reason with `words`; after `mended` it is again. Where its
  /// connections all stand (`lasting`) nothing need be missed.
  void expect_the_others_to_serve(const std::function<void()>& wrong, State state, const std::string& words,
                                  const std::function<void()>& mended, bool lasting = false) {
    RedisInstance a("", "a", values());
    ASSERT_TRUE(a.host.wait_state(State::ready));
    const std::string lost = channel_on(first_, "lost");
    const std::string kept = channel_on(*servers_[1], "kept");
    for (const std::string& channel : {lost, kept}) ASSERT_TRUE(wait(subscribe(*a, channel)).ok());
    wrong();
    ASSERT_TRUE(a.wait_reason(state, "", words)) << a.reason();
    const std::string endpoint = "127.0.0.1:" + std::to_string(first_.port());
    EXPECT_NE(a.reason().find(endpoint), std::string::npos) << a.reason();
    const Outcome refused = wait(publish(*a, lost, "x"));
    EXPECT_EQ(refused.code, errc::unavailable);
    EXPECT_NE(refused.detail.find(endpoint), std::string::npos) << refused.detail;
    EXPECT_EQ(wait(exists(*a, lost)).code, errc::unavailable);
    EXPECT_EQ(wait(publish(*a, kept, "still")).receivers.count, 1U);
    EXPECT_TRUE(wait(exists(*a, kept)).exists);
    mended();
    ASSERT_TRUE(a.host.wait_state(State::ready, 20s)) << a.reason();
    const std::vector<std::vector<std::string>> gaps = a.host.snapshot().gap_channels;
    EXPECT_TRUE(gaps == (std::vector<std::vector<std::string>>{{lost}}) || (lasting && gaps.empty()));
    EXPECT_EQ(wait(publish(*a, lost, "again")).receivers.count, 1U);
  }
  void leave_nobody_connected() const {
    for (const char* type : {"pubsub", "normal"}) first_.command({"CLIENT", "KILL", "TYPE", type, "SKIPME", "yes"});
  }

  RedisServer& first_ = *servers_[0];
};

TEST_F(RedisShardsOfWhichOne, IsFrozenServeOn) {
  expect_the_others_to_serve([&] { first_.freeze(); }, State::degraded, "", [&] { first_.thaw(); }, true);
}

TEST_F(RedisShardsOfWhichOne, IsDemotedServeOn) {
  expect_the_others_to_serve([&] { first_.command({"REPLICAOF", "127.0.0.1", "1"}); }, State::failed, "the server is a replica",
                             [&] { first_.command({"REPLICAOF", "NO", "ONE"}); });
}

TEST_F(RedisShardsOfWhichOne, WantsAPasswordServeOn) {
  const auto want = [&](const std::string& password) {
    first_.command({"CONFIG", "SET", "requirepass", password});
    first_.use_password(password);
    leave_nobody_connected();
  };
  expect_the_others_to_serve([&] { want("secret"); }, State::failed, "auth: ", [&] { want(""); });
}

TEST_F(RedisShardsOfWhichOne, AllowsNoChannelServeOn) {
  const auto allow = [&](const char* rule) {
    first_.command({"ACL", "SETUSER", "default", rule});
    leave_nobody_connected();
  };
  expect_the_others_to_serve([&] { allow("resetchannels"); }, State::failed, "NOPERM", [&] { allow("allchannels"); });
}

TEST_F(RedisShards, TellAGapToAllWhereThereIsOneAlone) {
  servers_.resize(1);
  RedisInstance a("", "a", values());
  ASSERT_TRUE(a.wait_ready());
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  servers_[0]->kill();
  ASSERT_TRUE(a.host.wait_state(State::degraded));
  servers_[0]->restart();
  ASSERT_TRUE(a.wait_back()) << a.reason();
  EXPECT_EQ(a.host.snapshot().gap_channels, (std::vector<std::vector<std::string>>{{}}));
  EXPECT_EQ(wait(publish(*a, "alice", "again")).receivers.count, 1U);
}

TEST_F(RedisShards, LoseNothingWithoutAGapWhenOneIsKilledUnderLoad) {
  const auto make = [&] { return std::make_unique<RedisBroker>(Settings(values())); };
  BrokerUnderLoad load(make, 90, 5000);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  load.fault();
  servers_[0]->kill();
  ASSERT_TRUE(wait_until([&] { return !load.both_ready(); }));
  ASSERT_TRUE(load.wait_delivered(1000, 20s)) << "the other two serve on";
  servers_[0]->restart();
  ASSERT_TRUE(load.wait_recovered(20s)) << load.reasons();
  EXPECT_EQ(load.lies(), std::vector<std::string>());
  std::cout << "one of three shards killed and started again: " << load.figures() << '\n';
}

}  // namespace
}  // namespace signalbox::test
