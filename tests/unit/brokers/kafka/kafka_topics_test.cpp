// Topics that an operator has made with settings of his own.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/kafka/topics.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace signalbox::test {
namespace {

void make_topics(const KafkaServer& server, const std::string& key, const std::string& value) {
  kafka::ClientSettings settings;
  settings.options = kafka::read_options(kafka_settings(server.bootstrap_servers()));
  settings.client_id = "operator";
  const kafka::Client client(settings, -1);
  for (kafka::TopicPlan plan : {kafka::presence_plan(settings.options), kafka::inbox_plan(settings.options)}) {
    plan.settings[key] = value;
    ASSERT_TRUE(wait_until([&] {
      try {
        kafka::create(client, plan, -1);
        return true;
      } catch (const kafka::ConnectFault&) {  // not connected yet
        return false;
      }
    }));
  }
}

TEST(KafkaTopicsOfAnOperator, TakeWholeBatchesThoughTheyTakeLittleMoreThanTheLargestMessage) {
  const KafkaServer server;
  make_topics(server, "max.message.bytes", "70000");
  KafkaInstance instance(server.bootstrap_servers());
  ASSERT_TRUE(instance.host.wait_state(State::ready)) << instance.host.snapshot().reason;
  ASSERT_TRUE(wait(subscribe(*instance, "alice")).ok());
  constexpr std::size_t kMessages = 2000;
  const std::string payload(1000, 'x');
  std::vector<Pending> calls;
  for (std::size_t i = 0; i < kMessages; ++i) calls.push_back(publish(*instance, "alice", payload));
  std::size_t too_large = 0;
  for (Pending& call : calls) {
    if (wait(std::move(call)).code == errc::too_large) ++too_large;
  }
  EXPECT_EQ(too_large, 0u);
  EXPECT_TRUE(instance.host.wait_delivered(kMessages));
}

}  // namespace
}  // namespace signalbox::test
