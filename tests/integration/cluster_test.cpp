// Several instances on one Redis: what users and back ends see of them.
#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

const Settings kQuickUnsubscribe{{"broker.unsubscribe_delay", "100ms"}};

class Cluster : public testing::Test {
 protected:
  /// Both instances' subscriptions of the user are confirmed.
  bool on_instances(const std::string& user, int count) {
    return wait_until([&] { return redis_.subscribers(user) == count; });
  }

  RedisServer redis_;
  Instance first_{redis_, kQuickUnsubscribe};
  Instance second_{redis_, kQuickUnsubscribe};
};

TEST_F(Cluster, DeliversToEveryDeviceOnEveryInstanceOnce) {
  WebSocketClient phone = first_.connect("Alice");
  WebSocketClient tablet = first_.connect("alice");
  WebSocketClient laptop = second_.connect("ALICE");
  WebSocketClient stranger = second_.connect("bob");
  ASSERT_TRUE(on_instances("alice", 2));

  const HttpResponse response = second_.publish("alice", "to all of them");
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(json(response.body), json(R"({"delivered":true,"receivers":2,"precision":"exact"})")) << response.body;
  for (WebSocketClient* device : {&phone, &tablet, &laptop}) {
    EXPECT_EQ(device->next_payload(), "to all of them");
    EXPECT_TRUE(device->answers_ping());
    EXPECT_EQ(device->next(0ms), std::nullopt);
  }
  EXPECT_TRUE(stranger.answers_ping());
  EXPECT_EQ(stranger.next(0ms), std::nullopt);
}

TEST_F(Cluster, SharesOneSubscriptionAmongAnInstancesDevices) {
  std::vector<WebSocketClient> devices;
  for (int i = 0; i < 5; ++i) devices.push_back(first_.connect("alice"));
  EXPECT_EQ(redis_.subscribers("alice"), 1);
}

TEST_F(Cluster, KeepsTheOrderOfOnePublisher) {
  WebSocketClient here = first_.connect("alice");
  WebSocketClient there = second_.connect("alice");
  ASSERT_TRUE(on_instances("alice", 2));
  for (int i = 0; i < 300; ++i) ASSERT_EQ(first_.publish("alice", std::to_string(i)).status, 200u);
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(here.next_payload(), std::to_string(i));
    ASSERT_EQ(there.next_payload(), std::to_string(i));
  }
}

TEST_F(Cluster, AnswersForUsersOfOtherInstances) {
  WebSocketClient alice = first_.connect("alice");
  EXPECT_TRUE(second_.exists("alice"));
  EXPECT_TRUE(second_.exists("ALICE"));
  EXPECT_FALSE(second_.exists("bob"));
  EXPECT_EQ(second_.publish("bob", "hello").status, 404u);
  EXPECT_EQ(second_.publish("alice", "hello").status, 200u);
  EXPECT_EQ(alice.next_payload(), "hello");
}

TEST_F(Cluster, UnsubscribesWhenTheLastDeviceLeaves) {
  WebSocketClient phone = first_.connect("alice");
  WebSocketClient tablet = first_.connect("alice");
  phone.close();
  EXPECT_EQ(first_.publish("alice", "one is left").status, 200u);
  EXPECT_EQ(tablet.next_payload(), "one is left");
  tablet.close();
  EXPECT_TRUE(wait_until([&] { return redis_.subscribers("alice") == 0; }));
  EXPECT_FALSE(first_.exists("alice"));
}

TEST_F(Cluster, ForgetsTheUsersOfAKilledInstanceWithinASecond) {
  WebSocketClient both_there = second_.connect("carol");
  WebSocketClient bob = second_.connect("bob");
  EXPECT_TRUE(keeps_bound([&] {
    Instance killed(redis_, kQuickUnsubscribe);
    WebSocketClient alice = killed.connect("alice");
    WebSocketClient both_here = killed.connect("carol");
    EXPECT_TRUE(on_instances("carol", 2));
    killed.process().kill();
    const bool in_time = wait_until([&] { return !second_.exists("alice") && redis_.subscribers("carol") == 1; }, 1s);
    EXPECT_EQ(alice.wait_closed()->code, 1006u);
    return in_time;
  }));
  EXPECT_EQ(second_.publish("alice", "gone").status, 404u);

  EXPECT_EQ(second_.publish("bob", "unharmed").status, 200u);
  EXPECT_EQ(bob.next_payload(), "unharmed");
  EXPECT_EQ(json(second_.publish("carol", "half").body), json(R"({"delivered":true,"receivers":1,"precision":"exact"})"));
  EXPECT_EQ(both_there.next_payload(), "half");
}

TEST_F(Cluster, DisconnectsAUserOnEveryInstance) {
  WebSocketClient here = first_.connect("alice");
  WebSocketClient there = second_.connect("alice");
  WebSocketClient bob = second_.connect("bob");
  ASSERT_TRUE(on_instances("alice", 2));
  EXPECT_EQ(first_.http().request("DELETE", "/api/v1/users/Alice/connections").status, 202u);
  EXPECT_EQ(here.wait_closed().value_or(CloseReason{}).code, 4003u);
  EXPECT_EQ(there.wait_closed().value_or(CloseReason{}).code, 4003u);
  EXPECT_TRUE(wait_until([&] { return !second_.exists("alice"); }));
  EXPECT_TRUE(bob.answers_ping());
  EXPECT_EQ(first_.http().request("DELETE", "/api/v1/users/nobody/connections").status, 202u);
}

TEST_F(Cluster, DeliversWhatForeignPublishersSend) {
  WebSocketClient alice = first_.connect("alice");
  EXPECT_EQ(redis_.publish("alice", "h\xc3\xa4llo"), 1);
  std::optional<WebSocketMessage> message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, "h\xc3\xa4llo");
  EXPECT_TRUE(message->is_text);

  const std::string bytes("\xff\0\x01", 3);
  EXPECT_EQ(redis_.publish("alice", bytes), 1);
  message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, bytes);
  EXPECT_FALSE(message->is_text);
}

TEST_F(Cluster, TakesAForgedEnvelopeForAForeignMessage) {
  WebSocketClient alice = first_.connect("alice");
  const std::string forged = "\xf8SBX\x01";  // our magic, and no header behind it
  EXPECT_EQ(redis_.publish("alice", forged), 1);
  const std::optional<WebSocketMessage> message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, forged);
  EXPECT_FALSE(message->is_text);
}

TEST_F(Cluster, HonoursControlMessagesOnTheirReservedChannelOnly) {
  WebSocketClient alice = first_.connect("alice");
  // A control envelope (kind 3) on the user's own channel, where any publisher may write.
  std::string control("\xf8SBX\x01\x20\x03\x00", 8);
  control += std::string(24, '\x01') + "disconnect alice";
  redis_.publish("alice", control);
  EXPECT_EQ(first_.publish("alice", "still here").status, 200u);
  EXPECT_EQ(alice.next_payload(), "still here");
  // The same bytes where only instances write: they do mean something.
  control[8] = '\x02';  // another publisher, so that it is no duplicate
  redis_.publish(
      "\x01"
      "control",
      control);
  EXPECT_EQ(alice.wait_closed().value_or(CloseReason{}).code, 4003u);
}

TEST_F(Cluster, DropsAForeignMessageThatIsTooLargeAndTellsAGap) {
  WebSocketClient plain = first_.connect("alice");
  WebSocketClient envelope = first_.connect_envelope("alice");
  redis_.publish("alice", std::string(65 * 1024, 'x'));
  redis_.publish("alice", "small");
  EXPECT_EQ(plain.next_payload(), "small");
  EXPECT_EQ(text_of(json(envelope.next_payload()), "type"), "gap");
  EXPECT_EQ(json(envelope.next_payload()), json(R"({"type":"message","data":"small"})"));
  EXPECT_GE(first_.metric("signalbox_gaps_total"), 1);
  EXPECT_GE(first_.metric("signalbox_dropped_total"), 1);
}

TEST(ChannelPrefix, KeepsTwoClustersOnOneRedisApart) {
  RedisServer redis;
  Instance red(redis, {{"broker.channel_prefix", "\"red:\""}});
  Instance blue(redis, {{"broker.channel_prefix", "\"blue:\""}});
  WebSocketClient in_red = red.connect("alice");
  EXPECT_EQ(redis.subscribers("red:alice"), 1);
  EXPECT_FALSE(blue.exists("alice"));
  EXPECT_EQ(blue.publish("alice", "wrong cluster").status, 404u);
  EXPECT_EQ(red.publish("alice", "right cluster").status, 200u);
  EXPECT_EQ(in_red.next_payload(), "right cluster");
}

}  // namespace
}  // namespace signalbox::test
