// Three real nodes, one of which is killed.
#include "tests/support/kafka_cluster.hpp"

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/booked_broker.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace signalbox::test {
namespace {

TEST(KafkaCluster, GoesOnWithoutTheNodeThatLedWhatIsReadMost) {
  KafkaCluster kafka;
  BrokerUnderLoad load([&] { return std::make_unique<KafkaBroker>(kafka_settings(kafka.bootstrap_servers())); }, 100, 5000);
  ASSERT_TRUE(load.wait_delivered(5000, 20s)) << load.reasons();
  const std::size_t node = kafka.leader("signalbox.presence", 0);
  ASSERT_LT(node, KafkaCluster::kNodes);
  load.fault();
  kafka.kill(node);
  const auto leads = [&](std::size_t other) { return other != node && other != KafkaCluster::kNodes; };
  ASSERT_TRUE(wait_until([&] { return leads(kafka.leader("signalbox.presence", 0)); }, 40s));
  // Nobody need have noticed: an instance is degraded once its heartbeat has not come back for 4 s.
  ASSERT_TRUE(wait_until([&] { return load.both_ready(); }, 20s)) << load.reasons();
  EXPECT_TRUE(load.wait_delivered(500, 20s)) << load.reasons();
  EXPECT_EQ(load.lies(), std::vector<std::string>());
  std::cout << "three nodes, a leader killed: " << load.figures() << '\n';
}

}  // namespace
}  // namespace signalbox::test
