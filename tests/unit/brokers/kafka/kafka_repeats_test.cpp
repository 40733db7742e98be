// A real log in which a message stands twice.
#include <string>

#include <gtest/gtest.h>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/records.hpp"
#include "brokers/kafka/wake_fd.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace signalbox::test {
namespace {

TEST(KafkaLog, GivesAMessageOnceThatStandsInItTwice) {
  const KafkaServer server;
  KafkaInstance instance(server.bootstrap_servers());
  ASSERT_TRUE(instance.host.wait_state(State::ready)) << instance.host.snapshot().reason;
  ASSERT_TRUE(wait(subscribe(*instance, "alice")).ok());

  const kafka::WakeFd wake;
  kafka::ClientSettings settings;
  settings.options = kafka::read_options(kafka_settings(server.bootstrap_servers()));
  settings.client_id = "writer";
  kafka::Client writer(settings, wake.get());
  writer.open_topics();
  const std::string name = "\x02test-1";
  const auto write = [&](std::uint64_t number, const std::string& payload) {
    const std::string key = encode(kafka::InboxKey{name, "alice", {99, number}});
    const auto partition = static_cast<int>(kafka::hash(name) % 6);
    return writer.write(kafka::Topic::inbox, partition, key, payload, nullptr) == RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  for (int copies = 0; copies < 2; ++copies) {
    ASSERT_TRUE(write(1, "first"));
    ASSERT_TRUE(write(2, "second"));
  }
  ASSERT_TRUE(write(3, "last"));
  ASSERT_TRUE(instance.host.wait_delivered(3));
  using Delivered = RecordingHost::Delivered;
  const std::vector<Delivered> once{{"alice", "first"}, {"alice", "second"}, {"alice", "last"}};
  EXPECT_EQ(instance.host.snapshot().delivered, once);
}

}  // namespace
}  // namespace signalbox::test
