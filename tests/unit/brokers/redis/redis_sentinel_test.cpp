// Real sentinels with a master and two replicas, one of which takes over.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "brokers/redis/sentinels.hpp"
#include "tests/support/booked_broker.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/redis_connection.hpp"
#include "tests/support/redis_sentinels.hpp"
#include "tests/unit/brokers/redis/late_gaps.hpp"
#include "tests/unit/brokers/redis/redis_instance.hpp"

namespace signalbox::test {
namespace {

Values values(const RedisSentinels& redis) {
  Values values{{"mode", "sentinel"}, {"sentinel_master", RedisSentinels::kMaster}};
  for (const std::string& url : redis.urls()) values.emplace_back("urls", url);
  return values;
}

BrokerUnderLoad::Make brokers(const RedisSentinels& redis) {
  return [&redis] { return std::make_unique<RedisBroker>(Settings(values(redis))); };
}

std::uint16_t port_of(const std::string& url) { return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))); }

/// A publish to a replica is answered, and reaches nobody at the master. One that is not connected can't be made.
bool is_used(const RedisServer& server) {
  return server.command({"CLIENT", "LIST"}).find("name=signalbox:") != std::string::npos;
}

/// False as well while a sentinel makes it one, which ends the connections that the server has.
bool is_replica(const RedisServer& server) {
  try {
    return server.command({"ROLE"}).starts_with("slave");
  } catch (const std::exception&) {
    return false;
  }
}

TEST(RedisSentinel, IsFoundByNameAndServesAsIfItWereAlone) {
  RedisSentinels redis({}, "sentinel-secret");
  Values with_password = values(redis);
  with_password.emplace_back("sentinel_password", "sentinel-secret");
  RedisInstance a("", "a", with_password);
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  EXPECT_EQ(redis.master().subscribers("alice"), 1);
  EXPECT_EQ(wait(publish(*a, "alice", "hi")).receivers.count, 1U);
  EXPECT_TRUE(wait(exists(*a, "alice")).exists);
  EXPECT_TRUE(a.host.wait_delivered(1));

  // With exactly the rights that docs/brokers.md gives.
  redis.tell_sentinels({"ACL", "SETUSER", "app", "on", ">app-secret", "resetchannels", "&+switch-master", "-@all", "+subscribe",
                        "+unsubscribe", "+role", "+sentinel|master", "+sentinel|get-master-addr-by-name"});
  Values with_user = values(redis);
  with_user.emplace_back("sentinel_username", "app");
  with_user.emplace_back("sentinel_password", "app-secret");
  RedisInstance user("", "user", with_user);
  EXPECT_TRUE(user.host.wait_state(State::ready)) << user.host.snapshot().reason;

  redis.tell_sentinels({"ACL", "SETUSER", "deaf", "on", ">deaf-secret", "resetchannels", "-@all", "+subscribe", "+unsubscribe",
                        "+role", "+sentinel|master", "+sentinel|get-master-addr-by-name"});
  with_user[with_user.size() - 2].second = "deaf";
  with_user.back().second = "deaf-secret";
  RedisInstance deaf("", "deaf", with_user);
  ASSERT_TRUE(deaf.host.wait_state(State::failed));
  EXPECT_NE(deaf.host.snapshot().reason.find("the user needs the channel +switch-master"), std::string::npos)
      << deaf.host.snapshot().reason;

  RedisInstance without("", "b", values(redis));
  ASSERT_TRUE(without.host.wait_state(State::failed));
  EXPECT_EQ(without.host.snapshot().reason.substr(0, 14), "auth: sentinel") << without.host.snapshot().reason;
  Values wrong_name = with_password;
  wrong_name[1].second = "other";
  RedisInstance unknown("", "c", wrong_name);
  ASSERT_TRUE(unknown.host.wait_state(State::failed));
  EXPECT_NE(unknown.host.snapshot().reason.find("knows no master 'other'"), std::string::npos)
      << unknown.host.snapshot().reason;
}

TEST(RedisSentinel, IsFollowedUnderLoadWhenTheMasterIsKilledThoughASentinelIsAway) {
  RedisSentinels redis;
  BrokerUnderLoad load(brokers(redis), 100, 5000);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  redis.kill_sentinel(0);
  ASSERT_TRUE(load.wait_delivered(500, 20s));
  EXPECT_TRUE(load.both_ready()) << "a sentinel that is away is no outage";
  EXPECT_EQ(load.holder().gaps(), 0U);
  RedisServer& before = redis.master();
  load.fault();
  before.kill();
  ASSERT_TRUE(redis.wait_other_master(before, 40s));
  ASSERT_TRUE(load.wait_recovered(20s)) << load.reasons();
  EXPECT_EQ(lies_after_late_gaps(load), std::vector<std::string>());
  EXPECT_GT(load.holder().gaps(), 0U);
  std::cout << "sentinel, master killed: " << load.figures() << '\n';
  for (const auto& server : redis.servers()) {
    if (server.get() == &before) continue;
    EXPECT_EQ(is_used(*server), server.get() == &redis.master());
  }
  // The old master comes back as a replica, and nobody goes there.
  before.restart();
  EXPECT_TRUE(wait_until([&] { return is_replica(before); }, 40s));
  EXPECT_FALSE(wait_until([&] { return is_used(before); }, 1s));
  EXPECT_TRUE(load.both_ready());
}

TEST(RedisSentinel, WarnsOfSentinelsThatAreAwayThoughTheMasterServes) {
  RedisSentinels redis;
  RedisInstance a("", "a", values(redis));
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  BrokerUnderLoad load(brokers(redis), 1, 10);
  RedisServer& master = redis.master();
  redis.kill_sentinel(0);
  redis.kill_sentinel(1);
  const std::string warning = "1 of 3 sentinels answer; sentinel 127.0.0.1:";
  EXPECT_TRUE(wait_until([&] { return a.host.log_text().find(warning) != std::string::npos; }, 20s)) << a.host.log_text();
  EXPECT_EQ(a.host.snapshot().states.back(), State::ready);
  master.kill();
  EXPECT_TRUE(wait_until([&] { return load.reasons().find(warning) != std::string::npos; })) << load.reasons();
}

/// Nobody is left who knows better than it.
TEST(RedisSentinel, IsNotFollowedBackByASentinelThatWasAwayDuringTheFailover) {
  RedisSentinels redis;
  redis::Options options;
  options.endpoints.clear();
  for (const std::string& url : redis.urls()) options.endpoints.push_back({"127.0.0.1", port_of(url)});
  options.sentinel_master = RedisSentinels::kMaster;
  boost::asio::io_context io;
  redis::ConnectionContext context{io, nullptr, [] {}, std::mt19937(1)};
  redis::Sentinels topology(options, context, "test");
  const auto turns_until = [&](const std::function<bool()>& done) {
    return wait_until([&] {
      io.restart();
      io.poll();
      topology.turn(redis::Clock::now(), redis::Doubt::none);
      return done();
    });
  };
  const auto answer = [&](const std::string& count) {
    return turns_until([&] { return topology.warns() && topology.warning().starts_with(count + " of 3 sentinels answer"); });
  };
  ASSERT_TRUE(turns_until([&] { return !topology.nodes().empty(); }));
  EXPECT_FALSE(topology.warns());
  redis.kill_sentinel(2);
  redis.fail_over();
  const std::uint16_t port = redis.master().port();
  ASSERT_TRUE(turns_until([&] { return topology.nodes().front().port == port; }));
  redis.kill_sentinel(0);
  redis.kill_sentinel(1);
  ASSERT_TRUE(answer("0"));
  redis.restart_sentinel(2);
  ASSERT_TRUE(answer("1"));
  EXPECT_EQ(topology.nodes().front().port, port);
  RedisConnection sentinel(options.endpoints[2].port);
  const std::string stale = sentinel.command({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", RedisSentinels::kMaster});
  EXPECT_EQ(stale.find(std::to_string(port)), std::string::npos) << "it knows the new master: nothing is shown";
}

TEST(RedisSentinel, IsFollowedUnderLoadWhenTheMasterIsExchanged) {
  RedisSentinels redis;
  BrokerUnderLoad load(brokers(redis), 100, 5000);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  load.fault();
  redis.fail_over();
  ASSERT_TRUE(load.wait_recovered(20s)) << load.reasons();
  EXPECT_EQ(lies_after_late_gaps(load), std::vector<std::string>());
  std::cout << "sentinel, failover asked for: " << load.figures() << '\n';
}

/// As where an orchestrator demotes it by hand: who says that it is none any more is the server itself.
TEST(RedisSentinel, LeavesAMasterThatIsNoneAnyMoreThoughNoSentinelAnswers) {
  RedisSentinels redis;
  RedisInstance a("", "a", values(redis));
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  const RedisServer& master = redis.master();
  const RedisServer& other = *redis.servers()[redis.servers()[0].get() == &master ? 1 : 0];
  for (std::size_t i = 0; i < 3; ++i) redis.kill_sentinel(i);
  master.command({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  ASSERT_TRUE(a.host.wait([](const auto& seen) {
    return seen.states.back() == State::degraded && seen.reason.find("not the master any more") != std::string::npos;
  })) << a.host.snapshot().reason;
  EXPECT_TRUE(wait_until([&] { return master.subscribers("alice") == 0; }));
  const std::vector<State> states = a.host.snapshot().states;
  EXPECT_EQ(std::count(states.begin(), states.end(), State::failed), 0) << "it is not for an operator to mend";
}

/// One that publishes stays with the former master for as long as that is one: its sentinel does not answer.
TEST(RedisSentinel, IsFollowedLaterByWhoPublishesAndTheGapToldOnceMore) {
  RedisSentinels redis;
  FaultProxy sentinel(port_of(redis.urls().front()));
  Values cut_off{{"mode", "sentinel"},
                 {"sentinel_master", RedisSentinels::kMaster},
                 {"urls", "redis://127.0.0.1:" + std::to_string(sentinel.port())}};
  bool holder = true;
  BrokerUnderLoad load(
      [&] { return std::make_unique<RedisBroker>(Settings(std::exchange(holder, false) ? values(redis) : cut_off)); }, 100,
      1000);
  ASSERT_TRUE(load.wait_delivered(500, 20s));
  load.fault();
  sentinel.stall(Direction::to_client);
  redis.fail_over();
  ASSERT_TRUE(wait_until([&] { return load.holder().gaps() == 2; }, 40s)) << load.holder().gaps();
  EXPECT_GT(load.ledger().answered("nobody"), 0U);
  sentinel.heal();
  ASSERT_TRUE(load.wait_recovered(40s)) << load.reasons();
  EXPECT_EQ(lies_after_late_gaps(load), std::vector<std::string>());
  std::cout << "sentinel, the publisher's sentinel away: " << load.figures() << '\n';
}

}  // namespace
}  // namespace signalbox::test
