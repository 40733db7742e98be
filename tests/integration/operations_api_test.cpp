// What operators ask: instance, health, readiness, metrics.
#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

TEST(OperationsApi, DescribesTheInstance) {
  RedisServer redis;
  Instance instance(redis, {{"server.instance_id", "box-7"}});
  WebSocketClient phone = instance.connect("alice");
  WebSocketClient laptop = instance.connect("alice");
  WebSocketClient nobody(instance.port());
  ASSERT_TRUE(nobody.answers_ping());
  const HttpResponse response = instance.http().get("/api/v1/instance");
  EXPECT_EQ(response.status, 200u);
  const boost::json::object info = json(response.body);
  ASSERT_TRUE(info.contains("broker")) << response.body;
  EXPECT_EQ(text_of(info, "id"), "box-7");
  EXPECT_EQ(instance.id(), "box-7") << "in the ready line as well";
  EXPECT_FALSE(text_of(info, "version").empty());
  EXPECT_TRUE(info.at("uptime_seconds").is_number());
  EXPECT_EQ(info.at("connections").to_number<int>(), 3);
  EXPECT_EQ(info.at("users").to_number<int>(), 1);
  const boost::json::object& broker = info.at("broker").as_object();
  EXPECT_EQ(text_of(broker, "plugin"), "redis");
  EXPECT_FALSE(text_of(broker, "version").empty());
  EXPECT_EQ(text_of(broker, "state"), "ready");
  EXPECT_TRUE(broker.at("reasons").as_array().empty());
  EXPECT_TRUE(broker.at("capabilities").is_object());
}

TEST(OperationsApi, ShowsMetricsThatAddUp) {
  Instance instance;
  WebSocketClient phone = instance.connect("alice");
  WebSocketClient laptop = instance.connect("alice");
  WebSocketClient bob = instance.connect("bob");
  // A user is there for the broker before the connection has been told.
  EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_registrations_total") == 3; }));
  for (int i = 0; i < 3; ++i) instance.publish("alice", "x");
  instance.publish("nobody", "x");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(laptop.next_payload(), "x");

  const HttpResponse response = instance.http().get("/metrics");
  EXPECT_EQ(response.status, 200u);
  EXPECT_NE(response.header("content-type").find("text/plain"), std::string::npos);
  for (const char* name :
       {"signalbox_connections", "signalbox_users", "signalbox_registrations_total", "signalbox_published_total",
        "signalbox_delivered_total", "signalbox_dropped_total", "signalbox_closes_total", "signalbox_gaps_total",
        "signalbox_broker_state", "signalbox_broker_reconnects_total", "signalbox_queue_bytes", "signalbox_publish_seconds",
        "signalbox_delivery_lag_seconds"}) {
    EXPECT_NE(response.body.find("# TYPE " + std::string(name) + " "), std::string::npos) << name;
  }
  EXPECT_EQ(instance.metric("signalbox_connections"), 3);
  EXPECT_EQ(instance.metric("signalbox_users"), 2);
  EXPECT_EQ(instance.metric("signalbox_published_total", "\"delivered\""), 3);
  EXPECT_EQ(instance.metric("signalbox_published_total", "not_connected"), 1);
  EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_delivered_total") == 6; }));
  EXPECT_EQ(instance.metric("signalbox_broker_state", "\"ready\""), 1);
  EXPECT_EQ(instance.metric("signalbox_broker_state", "\"degraded\""), 0);
}

TEST(OperationsApi, AnswersHealthOnBothListenersToGetAndHead) {
  Instance instance;
  HttpClient clients(instance.port());
  for (HttpClient* listener : {&clients, &instance.http()}) {
    for (const char* target : {"/healthz", "/readyz"}) {
      EXPECT_EQ(listener->get(target).status, 200u) << target;
      const HttpResponse head = listener->request("HEAD", target);
      EXPECT_EQ(head.status, 200u) << target;
      EXPECT_EQ(head.body, "");
    }
  }
}

TEST(OperationsApi, ServesManyConnectionsAtOnce) {
  Instance instance;
  WebSocketClient alice = instance.connect("alice");
  std::vector<HttpClient> clients;
  for (int i = 0; i < 50; ++i) clients.emplace_back(instance.api_port());
  for (int round = 0; round < 3; ++round) {
    for (HttpClient& client : clients) EXPECT_EQ(client.post("/api/v1/users/alice/messages", "x").status, 200u);
  }
  for (int i = 0; i < 150; ++i) ASSERT_EQ(alice.next_payload(), "x");
}

}  // namespace
}  // namespace signalbox::test
