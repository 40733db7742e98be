// When the nodes of a real Redis Cluster are asked what it looks like, and what comes of it.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "brokers/redis/cluster.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/unit/brokers/redis/redis_cluster_fixture.hpp"

namespace signalbox::test {
namespace {

using redis::Doubt;
using redis::Duration;

/// A topology whose clock stands still unless told.
class RedisClusterTopology : public ::testing::Test {
 protected:
  static redis::Options seeds(const std::vector<const RedisServer*>& servers) {
    redis::Options options;
    options.endpoints.clear();
    for (const RedisServer* server : servers) options.endpoints.push_back({"127.0.0.1", server->port()});
    return options;
  }
  bool turn(Doubt doubt = Doubt::none) {
    io.restart();
    io.poll();
    return topology.turn(now, doubt);
  }
  /// Until a turn changes something.
  bool changes(Doubt doubt = Doubt::none) {
    return wait_until([&] { return turn(std::exchange(doubt, Doubt::none)); });
  }
  void pass(Duration time, Doubt doubt) {
    for (; time > Duration(0); time -= redis::kTick) {
      now += redis::kTick;
      turn(doubt);
    }
  }
  std::uint16_t port_of(std::size_t group) const { return topology.nodes()[topology.owner(group)].port; }

  RedisCluster cluster;
  redis::Options options = seeds({cluster.servers()[0].get()});
  boost::asio::io_context io;
  redis::ConnectionContext context{io, nullptr, [] {}, std::mt19937(1)};
  redis::Cluster topology{options, context, "test", ""};
  redis::Time now = redis::Clock::now() - std::chrono::hours(1);  // what the connections see for themselves is not before it
};

/// As where a master is cut off from the others, and its clients are not: nothing tells them that it is none any more.
TEST_F(RedisClusterTopology, IsAskedNowAndThenThoughNothingIsInDoubt) {
  ASSERT_TRUE(changes());
  EXPECT_TRUE(topology.whole());
  EXPECT_EQ(topology.nodes().size(), RedisCluster::kMasters);
  now += redis::Cluster::kLinger;
  EXPECT_FALSE(turn());
  EXPECT_TRUE(topology.at_rest());
  const RedisServer& to = other_than(cluster, cluster.owner(HashTags::slot(0)));
  cluster.migrate(HashTags::slot(0), to);
  now += redis::Cluster::kRound - redis::Cluster::kLinger - Duration(1);
  EXPECT_FALSE(turn());
  EXPECT_TRUE(topology.at_rest());
  now += Duration(1);
  turn();
  EXPECT_FALSE(topology.at_rest());
  ASSERT_TRUE(changes());
  EXPECT_EQ(port_of(0), to.port());
}

TEST_F(RedisClusterTopology, IsAskedAtOnceOfAFreshDoubtHoweverOldAnotherIs) {
  ASSERT_TRUE(changes());
  cluster.servers()[2]->kill();
  pass(std::chrono::minutes(20), Doubt::lasting);
  cluster.migrate(HashTags::slot(0), *cluster.servers()[1]);
  turn(Doubt::lasting);
  EXPECT_TRUE(changes(Doubt::fresh));
  EXPECT_EQ(port_of(0), cluster.servers()[1]->port());
}

TEST_F(RedisClusterTopology, IsFollowedAtOnceThoughANodeDoesNotAnswer) {
  ASSERT_TRUE(changes());
  now += redis::Cluster::kLinger;
  turn();
  ASSERT_TRUE(topology.at_rest());
  cluster.servers()[2]->freeze();
  const auto migrate = [&](std::size_t from, std::size_t to) {
    cluster.migrate(HashTags::slot(0), *cluster.servers()[from], *cluster.servers()[to]);
    EXPECT_TRUE(changes(Doubt::fresh));
    EXPECT_EQ(port_of(0), cluster.servers()[to]->port());
    now += redis::Cluster::kInterval;
  };
  migrate(0, 1);
  migrate(1, 0);
  cluster.servers()[2]->thaw();
}

TEST_F(RedisClusterTopology, FollowsMastersThatChangeTheirAddresses) {
  ASSERT_TRUE(changes());
  now += redis::Cluster::kLinger;
  turn();
  ASSERT_TRUE(topology.at_rest());
  std::vector<std::unique_ptr<FaultProxy>> others;
  std::vector<std::uint16_t> ports;
  for (const auto& server : cluster.servers()) {
    others.push_back(std::make_unique<FaultProxy>(server->port()));
    ports.push_back(others.back()->port());
    server->command({"CONFIG", "SET", "cluster-announce-port", std::to_string(ports.back())});
  }
  Doubt doubt = Doubt::fresh;
  const auto followed = [&] {
    now += Duration(1);
    turn(std::exchange(doubt, Doubt::lasting));
    return std::all_of(topology.nodes().begin(), topology.nodes().end(), [&](const redis::Endpoint& node) {
      return std::find(ports.begin(), ports.end(), node.port) != ports.end();
    });
  };
  ASSERT_TRUE(wait_until(followed, 20s));
  EXPECT_EQ(topology.nodes().size(), RedisCluster::kMasters);
  EXPECT_TRUE(topology.whole());
}

}  // namespace
}  // namespace signalbox::test
