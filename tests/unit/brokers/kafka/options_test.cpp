#include "brokers/kafka/options.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/kafka/client.hpp"

namespace signalbox::kafka {
namespace {

using Values = std::vector<std::pair<std::string, std::string>>;

Options read(const Values& values) {
  Values all{{"bootstrap_servers", "k1:9092,k2:9092"},
             {"topic_prefix", "chat"},
             {"create_topics", "true"},
             {"presence_partitions", "8"},
             {"inbox_partitions", "64"},
             {"replication_factor", "3"},
             {"publish_queue_bytes", "67108864"},
             {"properties.sasl.password", ""}};
  for (const auto& [key, value] : values) {
    std::erase_if(all, [&name = key](const auto& one) { return one.first == name; });
    all.emplace_back(key, value);
  }
  Options options = read_options(Settings(std::move(all)));
  check_properties(options);
  return options;
}

std::string refusal(const Values& values) {
  try {
    read(values);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(KafkaOptions, ReadsNumbersAndTopics) {
  const Options options = read({{"create_topics", "false"}});
  EXPECT_EQ(options.bootstrap_servers, "k1:9092,k2:9092");
  EXPECT_EQ(options.presence_topic, "chat.presence");
  EXPECT_EQ(options.inbox_topic, "chat.inbox");
  EXPECT_FALSE(options.create_topics);
  EXPECT_EQ(options.presence_partitions, 8);
  EXPECT_EQ(options.inbox_partitions, 64);
  EXPECT_EQ(options.replication_factor, 3);
  EXPECT_EQ(options.publish_queue_bytes, 67108864u);
  EXPECT_TRUE(options.properties.empty()) << "what is empty is not passed on";
}

TEST(KafkaOptions, PassesPropertiesOn) {
  const Options options = read({{"properties.security.protocol", "SASL_PLAINTEXT"},
                                {"properties.sasl.mechanisms", "PLAIN"},
                                {"properties.sasl.username", "ws"},
                                {"properties.sasl.password", "secret"}});
  EXPECT_EQ(options.properties, (Values{{"security.protocol", "SASL_PLAINTEXT"},
                                        {"sasl.mechanisms", "PLAIN"},
                                        {"sasl.username", "ws"},
                                        {"sasl.password", "secret"}}));
}

TEST(KafkaOptions, KeepsWhatIsSecretAmongItsPropertiesSecret) {
  for (const char* name : {"sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
                           "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config"}) {
    const auto row = std::find_if(std::begin(kOptions), std::end(kOptions),
                                  [&](const Option& option) { return std::string("properties.") + name == option.key; });
    ASSERT_NE(row, std::end(kOptions)) << name;
    EXPECT_EQ(row->flags, std::uint32_t{SIGNALBOX_OPTION_SECRET}) << name;
  }
}

TEST(KafkaOptions, RefusesPropertiesThatWouldBreakAPromise) {
  for (const char* name : {"acks",
                           "enable.idempotence",
                           "auto.offset.reset",
                           "bootstrap.servers",
                           "message.timeout.ms",
                           "delivery.report.only.error",
                           "message.max.bytes",
                           "group.id",
                           "auto.commit.enable",
                           "topic.blacklist",
                           "enable.gapless.guarantee",
                           "batch.size",
                           "linger.ms",
                           "queue.buffering.max.ms",
                           "queue.buffering.max.kbytes",
                           "queue.buffering.max.messages",
                           "fetch.wait.max.ms",
                           "fetch.error.backoff.ms",
                           "log.queue",
                           "enabled_events"}) {
    EXPECT_EQ(refusal({{std::string("properties.") + name, "1"}}),
              std::string("properties.") + name + ": the plugin sets this one itself; remove it");
  }
}

TEST(KafkaOptions, SaysWhichPropertyIsWrongWithoutItsValue) {
  EXPECT_EQ(refusal({{"properties.no.such.thing", "hunter2"}}), "properties.no.such.thing: librdkafka has no such property");
  EXPECT_EQ(refusal({{"properties.socket.timeout.ms", "hunter2"}}),
            "properties.socket.timeout.ms: librdkafka does not take this value");
}

TEST(KafkaOptions, RefusesAtOncePropertiesThatDoNotGoTogether) {
  EXPECT_EQ(refusal({{"properties.max.in.flight", "100"}}).substr(0, 12), "properties: ");
  EXPECT_EQ(refusal({{"properties.security.protocol", "SSL"}, {"properties.ssl.ca.location", "/no/such/file"}}).substr(0, 12),
            "properties: ");
}

TEST(KafkaOptions, RefusesServersThatCanNotBe) {
  for (const char* servers : {"", ",", "k1,", ",k1", "a b", "k1:", "k1:abc", "k1:0", "k1:99999", "k1:163841", "kafka://k1:9092",
                              "http://k1", "ssl://", "u:p@k1", "k1:9092/x", "::1:9092", "[::1", "k1 k2"}) {
    EXPECT_EQ(refusal({{"bootstrap_servers", servers}}),
              "bootstrap_servers: host:port, with commas between several, as in k1:9092,k2:9092")
        << servers;
  }
  for (const char* servers : {"k1", "k1:65535", "k1:1, k2", "127.0.0.1:9092", "[::1]:9092", "[::1]",
                              "SASL_SSL://k1:9093,ssl://k2", "kafka-1.example_net:9092"}) {
    EXPECT_EQ(refusal({{"bootstrap_servers", servers}}), "accepted") << servers;
  }
}

TEST(KafkaOptions, RefusesWhatNoTopicMayBeCalled) {
  for (const char* prefix : {"", "a b", "a/b", "\xc3\xa9"}) {
    EXPECT_TRUE(refusal({{"topic_prefix", prefix}}).starts_with("topic_prefix: ")) << prefix;
  }
  EXPECT_TRUE(refusal({{"topic_prefix", std::string(201, 'x')}}).starts_with("topic_prefix: "));
  EXPECT_TRUE(refusal({{"replication_factor", "0"}}).starts_with("replication_factor: "));
}

}  // namespace
}  // namespace signalbox::kafka
