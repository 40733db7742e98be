// Redis goes away, comes back, refuses or freezes under a running instance.
#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

class RedisFaults : public testing::Test {
 protected:
  void kill_redis() {
    redis_.kill();
    ASSERT_TRUE(wait_until([&] { return !instance_.ready(); }));
  }
  void restart_redis() {
    redis_.restart();
    ASSERT_TRUE(wait_until([&] { return instance_.ready(); })) << instance_.http().get("/readyz").body;
  }

  RedisServer redis_;
  Instance instance_{redis_};
};

TEST_F(RedisFaults, BringEverySubscriptionBack) {
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 60; ++i) clients.push_back(instance_.connect("user" + std::to_string(i)));
  kill_redis();
  restart_redis();
  // Ready means confirmed: no waiting here.
  for (int i = 0; i < 60; ++i) {
    const std::string user = "user" + std::to_string(i);
    EXPECT_EQ(redis_.subscribers(user), 1) << user;
    EXPECT_EQ(instance_.publish(user, "back, " + user).status, 200u);
    EXPECT_EQ(clients[static_cast<std::size_t>(i)].next_payload(), "back, " + user);
  }
}

TEST_F(RedisFaults, RefusePublishesMeanwhileAndNeverDeliverThemLater) {
  WebSocketClient alice = instance_.connect("alice");
  kill_redis();
  const HttpResponse refused = instance_.publish("alice", "lost for good");
  EXPECT_EQ(refused.status, 503u);
  EXPECT_FALSE(refused.header("retry-after").empty());
  EXPECT_EQ(error_code(refused.body), "unavailable") << refused.body;
  const HttpResponse asked = instance_.http().get("/api/v1/users/alice");
  EXPECT_EQ(asked.status, 503u);
  EXPECT_EQ(error_code(asked.body), "unavailable") << asked.body;

  restart_redis();
  EXPECT_EQ(instance_.publish("alice", "after").status, 200u);
  EXPECT_EQ(alice.next_payload(), "after");
  EXPECT_TRUE(alice.answers_ping());
  EXPECT_EQ(alice.next(0ms), std::nullopt);
}

TEST_F(RedisFaults, ShowAsNotReadyOnBothListenersWithTheReason) {
  HttpClient clients(instance_.port());
  EXPECT_EQ(clients.get("/readyz").status, 200u);
  kill_redis();
  for (HttpClient* listener : {&clients, &instance_.http()}) {
    const HttpResponse response = listener->get("/readyz");
    EXPECT_EQ(response.status, 503u);
    EXPECT_FALSE(response.body.empty());
    EXPECT_EQ(listener->get("/healthz").status, 200u);
  }
  const boost::json::object info = json(instance_.http().get("/api/v1/instance").body);
  ASSERT_TRUE(info.contains("broker"));
  EXPECT_NE(text_of(info.at("broker").as_object(), "state"), "ready");
  EXPECT_FALSE(info.at("broker").as_object().at("reasons").as_array().empty());

  restart_redis();
  EXPECT_EQ(clients.get("/readyz").status, 200u);
  EXPECT_GE(instance_.metric("signalbox_broker_reconnects_total"), 1);
}

TEST_F(RedisFaults, AreAGapForEnvelopeClientsAndNothingForPlainOnes) {
  WebSocketClient envelope = instance_.connect_envelope("alice");
  WebSocketClient plain = instance_.connect("alice");
  kill_redis();
  restart_redis();
  const std::string told = envelope.next_payload();
  EXPECT_EQ(text_of(json(told), "type"), "gap") << told;
  EXPECT_FALSE(text_of(json(told), "reason").empty()) << told;
  EXPECT_TRUE(plain.answers_ping());
  EXPECT_EQ(plain.next(0ms), std::nullopt);
}

TEST_F(RedisFaults, LetAClientThatCameMeanwhileWaitAndRegisterIt) {
  kill_redis();
  WebSocketClient client(instance_.port(), {"/", "signalbox.v1.json", {}});
  client.send(R"({"type":"register","user_name":"late"})");
  const std::string error = client.next_payload();
  EXPECT_EQ(text_of(json(error), "type"), "error") << error;
  EXPECT_EQ(text_of(json(error), "code"), "unavailable") << error;
  WebSocketClient plain(instance_.port(), {"/?user_name=plain", {}, {}});
  EXPECT_TRUE(plain.answers_ping());

  restart_redis();
  std::string told = client.next_payload();
  if (text_of(json(told), "type") == "gap") told = client.next_payload();
  EXPECT_EQ(text_of(json(told), "type"), "registered") << told;
  EXPECT_EQ(text_of(json(told), "user"), "late") << told;
  EXPECT_EQ(instance_.publish("late", R"({"n":1})").status, 200u);
  EXPECT_EQ(json(client.next_payload()), json(R"({"type":"message","data":{"n":1}})"));
  EXPECT_EQ(instance_.publish("plain", "you too").status, 200u);
  EXPECT_EQ(plain.next_payload(), "you too");
}

TEST_F(RedisFaults, DoNotKeepAUserWhoLeftMeanwhile) {
  WebSocketClient alice = instance_.connect("alice");
  WebSocketClient bob = instance_.connect("bob");
  kill_redis();
  alice.close();
  restart_redis();
  EXPECT_TRUE(wait_until([&] { return !instance_.exists("alice"); }));
  EXPECT_TRUE(instance_.exists("bob"));
}

TEST_F(RedisFaults, FreezingIsNoticedAndAPublishInFlightHasAnUnknownOutcome) {
  WebSocketClient alice = instance_.connect("alice");
  redis_.freeze();
  const HttpResponse response = instance_.publish("alice", "into the ice");
  EXPECT_EQ(response.status, 504u) << response.body;
  EXPECT_EQ(error_code(response.body), "unknown_outcome") << response.body;
  EXPECT_TRUE(wait_until([&] { return !instance_.ready(); }, 7s));
  EXPECT_TRUE(alice.answers_ping());
  redis_.thaw();
  EXPECT_TRUE(wait_until([&] { return instance_.ready(); }, 15s));
  EXPECT_EQ(instance_.publish("alice", "thawed").status, 200u);
  // Frozen, Redis kept what it had been sent: both outcomes of the first message are right.
  std::string payload = alice.next_payload();
  if (payload == "into the ice") payload = alice.next_payload();
  EXPECT_EQ(payload, "thawed");
}

TEST_F(RedisFaults, KillingOnlyOurConnectionsIsRecoveredFrom) {
  WebSocketClient alice = instance_.connect_envelope("alice");
  redis_.command({"CLIENT", "KILL", "TYPE", "pubsub"});
  EXPECT_EQ(text_of(json(alice.next_payload()), "type"), "gap");
  ASSERT_TRUE(wait_until([&] { return instance_.ready() && redis_.subscribers("alice") == 1; }));
  EXPECT_EQ(instance_.publish("alice", "again").status, 200u);
  EXPECT_EQ(json(alice.next_payload()), json(R"({"type":"message","data":"again"})"));
}

TEST(RedisAtStart, MayBeAway) {
  RedisServer redis;
  redis.kill();
  Instance instance(Instance::Unready{}, redis);
  EXPECT_FALSE(instance.ready());
  EXPECT_EQ(instance.http().get("/healthz").status, 200u);
  WebSocketClient alice(instance.port(), {"/?user_name=alice", {}, {}});
  EXPECT_TRUE(alice.answers_ping());
  redis.restart();
  ASSERT_TRUE(wait_until([&] { return instance.ready(); }));
  EXPECT_EQ(instance.publish("alice", "there you are").status, 200u);
  EXPECT_EQ(alice.next_payload(), "there you are");
}

TEST(RedisAtStart, MayRefuseThePasswordUntilItIsCorrected) {
  RedisServer redis({"--requirepass", "right"});
  Instance instance(Instance::Unready{}, redis, {{"broker.redis.password", "wrong"}});
  ASSERT_TRUE(wait_until([&] { return instance.http().get("/readyz").body.find("auth") != std::string::npos; }))
      << instance.http().get("/readyz").body;
  EXPECT_EQ(instance.http().get("/readyz").status, 503u);
  EXPECT_TRUE(instance.process().running());
  EXPECT_EQ(instance.process().errors().find("wrong"), std::string::npos) << "the password is in the log";

  redis.command({"CONFIG", "SET", "requirepass", "wrong"});
  redis.use_password("wrong");
  EXPECT_TRUE(wait_until([&] { return instance.ready(); }, 20s)) << instance.http().get("/readyz").body;
}

TEST(RedisAccessControl, ClosesTheOneClientWhoseChannelIsForbidden) {
  RedisServer redis;
  redis.command({"ACL", "SETUSER", "default", "resetchannels", "&app:user*", "&app:\x01*", "&app:\x02*"});
  Instance instance(redis, {{"broker.channel_prefix", "\"app:\""}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 100; ++i) {
    const std::string user = i == 50 ? "forbidden" : "user" + std::to_string(i);
    clients.emplace_back(instance.port(), WebSocketClient::Options{"/?user_name=" + user, "signalbox.v1.json", {}});
  }
  for (std::size_t i = 0; i < 100; ++i) {
    if (i == 50) continue;
    const std::string told = clients[i].next_payload();
    EXPECT_EQ(text_of(json(told), "type"), "registered") << i << ": " << told;
  }
  const std::optional<CloseReason> end = clients[50].wait_closed();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 1008u);
  EXPECT_TRUE(instance.ready());
  EXPECT_EQ(instance.publish("user99", "fine").status, 200u);
  EXPECT_EQ(json(clients[99].next_payload()), json(R"({"type":"message","data":"fine"})"));
}

TEST(RedisAccessControl, MakesAForbiddenPublishRejected) {
  RedisServer redis;
  Instance instance(redis);
  WebSocketClient alice = instance.connect("alice");
  redis.command({"ACL", "SETUSER", "default", "-publish"});
  const HttpResponse response = instance.publish("alice", "not allowed");
  EXPECT_EQ(response.status, 403u) << response.body;
  EXPECT_EQ(error_code(response.body), "rejected") << response.body;
}

}  // namespace
}  // namespace signalbox::test
