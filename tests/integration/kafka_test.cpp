// Instances on a real Kafka: what users and back ends see of them.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/kafka_server.hpp"

namespace signalbox::test {
namespace {

Settings with_kafka(const KafkaServer& kafka, const Settings& more = {}) {
  Settings settings{{"broker.plugin", "kafka"},
                    {"broker.kafka.bootstrap_servers", kafka.bootstrap_servers()},
                    {"broker.unsubscribe_delay", "100ms"}};
  settings.insert(more.begin(), more.end());
  return settings;
}

Settings with_password(const std::string& password) {
  return {{"broker.kafka.properties.security.protocol", "SASL_PLAINTEXT"},
          {"broker.kafka.properties.sasl.mechanisms", "PLAIN"},
          {"broker.kafka.properties.sasl.username", "signalbox"},
          {"broker.kafka.properties.sasl.password", password}};
}

TEST(KafkaInstances, DeliverToEachOthersUsersAndForgetWhoLeaves) {
  const KafkaServer kafka;
  Instance first(with_kafka(kafka));
  Instance second(with_kafka(kafka));
  EXPECT_FALSE(second.exists("alice"));
  EXPECT_EQ(second.publish("alice", "too early").status, 404u);
  {
    WebSocketClient phone = first.connect("Alice");
    ASSERT_TRUE(wait_until([&] { return second.exists("alice"); }));
    const HttpResponse response = second.publish("alice", "over there");
    EXPECT_EQ(response.status, 200u);
    EXPECT_EQ(json(response.body), json(R"({"delivered":true,"receivers":1,"precision":"estimate"})")) << response.body;
    EXPECT_EQ(phone.next_payload(), "over there");
    for (int i = 0; i < 100; ++i) ASSERT_EQ(second.publish("alice", std::to_string(i)).status, 200u);
    for (int i = 0; i < 100; ++i) ASSERT_EQ(phone.next_payload(), std::to_string(i));
  }
  // Each reads the record of it for itself, and nothing says who is first.
  for (Instance* instance : {&first, &second}) EXPECT_TRUE(wait_until([&] { return !instance->exists("alice"); }));
  EXPECT_EQ(second.publish("alice", "too late").status, 404u);
  first.expect_clean_end();
}

TEST(KafkaInstances, ForgetTheUsersOfOneThatWasKilled) {
  const KafkaServer kafka;
  Instance second(with_kafka(kafka));
  EXPECT_TRUE(keeps_bound([&] {
    Instance first(with_kafka(kafka));
    const WebSocketClient phone = first.connect("alice");
    EXPECT_TRUE(wait_until([&] { return second.exists("alice"); }));
    first.process().kill();
    return wait_until([&] { return !second.exists("alice"); }, 8s);
  })) << "SPEC 5: exists is bounded by 8 s";
}

TEST(KafkaInstances, HandThePropertiesOfTheConfigurationToTheClient) {
  const KafkaServer kafka(KafkaServer::Security{"right-secret", {}, {}});
  Instance right(with_kafka(kafka, with_password("right-secret")));
  const WebSocketClient phone = right.connect("alice");
  EXPECT_EQ(right.publish("alice", "hi").status, 200u);

  Instance wrong(Instance::Unready{}, with_kafka(kafka, with_password("wrong-secret")));
  EXPECT_TRUE(wait_until([&] {
    const std::string told = wrong.http().get("/api/v1/instance").body;
    return told.find("\"failed\"") != std::string::npos && told.find("Authentication failed") != std::string::npos;
  })) << wrong.http().get("/api/v1/instance").body;
  EXPECT_EQ(wrong.http().get("/readyz").status, 503u);
  EXPECT_EQ(wrong.process().errors().find("wrong-secret"), std::string::npos);
}

}  // namespace
}  // namespace signalbox::test
