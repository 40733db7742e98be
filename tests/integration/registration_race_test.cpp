// What `exists` has promised holds: a message published after a yes is not lost to a race.
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

TEST(RegistrationRace, AMessageAfterExistsSaidYesArrives) {
  RedisServer redis;
  Instance holding(redis, {{"broker.unsubscribe_delay", "1ms"}});
  Instance publishing(redis);
  for (int i = 0; i < 150; ++i) {
    const std::string user = "user" + std::to_string(i);
    WebSocketClient client(holding.port(), {"/?user_name=" + user, {}, {}});
    while (!publishing.exists(user)) {
    }
    ASSERT_EQ(publishing.publish(user, user).status, 200u) << user;
    ASSERT_EQ(client.next_payload(), user);
  }
}

TEST(RegistrationRace, AMessageIsForWhoeverIsConnectedWhileOthersComeAndGo) {
  RedisServer redis;
  Instance instance(redis, {{"broker.unsubscribe_delay", "1ms"}});
  WebSocketClient staying = instance.connect("alice");
  std::atomic<bool> stop{false};
  std::thread flapping([&] {
    while (!stop) {
      WebSocketClient device(instance.port(), {"/?user_name=alice", {}, {}});
      device.answers_ping();
    }
  });
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(instance.publish("alice", std::to_string(i)).status, 200u);
    EXPECT_EQ(staying.next_payload(), std::to_string(i));
  }
  stop = true;
  flapping.join();
}

TEST(RegistrationRace, AUserWhoReconnectsAgainAndAgainIsReachedEachTime) {
  RedisServer redis;
  // No delay and a delay about as long as a round trip: subscribe and unsubscribe overtake each other.
  for (const char* delay : {"0ms", "1ms", "1s"}) {
    Instance instance(redis, {{"broker.unsubscribe_delay", delay}});
    for (int i = 0; i < 60; ++i) {
      WebSocketClient client = instance.connect_envelope("alice");
      ASSERT_EQ(instance.publish("alice", std::to_string(i)).status, 200u) << delay << " " << i;
      ASSERT_EQ(text_of(json(client.next_payload()), "data"), std::to_string(i)) << delay << " " << i;
    }
  }
}

TEST(RegistrationRace, AReconnectWithinTheDelayCostsTheBrokerNothing) {
  RedisServer redis;
  Instance instance(redis, {{"broker.unsubscribe_delay", "10s"}});
  {
    WebSocketClient first = instance.connect("alice");
  }
  ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_connections") == 0; }));
  EXPECT_EQ(redis.subscribers("alice"), 1);
  const std::string before = redis.command({"INFO", "commandstats"});
  const auto subscribes = [&] {
    const std::string stats = redis.command({"INFO", "commandstats"});
    const std::size_t at = stats.find("cmdstat_subscribe:calls=");
    return at == std::string::npos ? 0 : std::stoi(stats.substr(at + 24));
  };
  const int calls = subscribes();
  WebSocketClient second = instance.connect("alice");
  EXPECT_EQ(subscribes(), calls);
  EXPECT_EQ(instance.publish("alice", "seamless").status, 200u);
  EXPECT_EQ(second.next_payload(), "seamless");
}

TEST(RegistrationRace, OutagesAmongComingAndGoingClientsLeaveTheRightUsers) {
  RedisServer redis;
  Instance instance(redis, {{"broker.unsubscribe_delay", "10ms"}});
  std::vector<WebSocketClient> clients;
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 10; ++i) {
      clients.emplace_back(instance.port(),
                           WebSocketClient::Options{"/?user_name=r" + std::to_string(round) + "u" + std::to_string(i), {}, {}});
    }
    redis.kill();
    // Every third of all leaves in the outage, half of the others came before it was noticed.
    for (std::size_t i = clients.size() - 10; i < clients.size(); i += 3) clients[i].close();
    redis.restart();
    ASSERT_TRUE(wait_until([&] { return instance.ready(); }));
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string user = "r" + std::to_string(i / 10) + "u" + std::to_string(i % 10);
    const bool left = i % 10 % 3 == 0;
    EXPECT_TRUE(wait_until([&] { return instance.exists(user) == !left; })) << user;
    if (left) continue;
    EXPECT_EQ(instance.publish(user, user).status, 200u);
    EXPECT_EQ(clients[i].next_payload(), user);
  }
  EXPECT_EQ(instance.metric("signalbox_connections"), static_cast<double>(clients.size() - 16));
}

}  // namespace
}  // namespace signalbox::test
