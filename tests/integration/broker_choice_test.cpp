// One configuration that has every broker's section: broker.plugin alone says which of them serves.
#include <optional>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/support/nats_server.hpp"

namespace signalbox::test {
namespace {

class BrokerChoice : public testing::Test {
 protected:
  [[nodiscard]] Settings choosing(const std::string& plugin) const {
    return {{"broker.plugin", plugin},
            {"server.drain_timeout", "1s"},
            {"broker.redis.url", redis_.url()},
            {"broker.nats.url", nats_.url()},
            {"broker.kafka.bootstrap_servers", kafka_.bootstrap_servers()}};
  }

  RedisServer redis_;
  NatsServer nats_;
  KafkaServer kafka_;
};

TEST_F(BrokerChoice, IsThePluginsNameAlone) {
  for (const std::string plugin : {"memory", "redis", "nats", "kafka", "redis"}) {
    SCOPED_TRACE(plugin);
    Instance first(choosing(plugin));
    std::optional<Instance> second;
    if (plugin != "memory") second.emplace(choosing(plugin));
    Instance& publisher = second ? *second : first;

    EXPECT_EQ(text_of(json(publisher.http().get("/api/v1/instance").body).at("broker").as_object(), "plugin"), plugin);
    WebSocketClient alice = first.connect("Alice");
    ASSERT_TRUE(wait_until([&] { return publisher.exists("Alice"); }));
    EXPECT_EQ(json(publisher.publish("Alice", "by " + plugin).body).at("delivered"), true);
    EXPECT_EQ(alice.next_payload(), "by " + plugin);
    EXPECT_EQ(publisher.publish("Bob", "").status, 404u);
    first.expect_clean_end();
    if (second) second->expect_clean_end();
  }
}

TEST(BrokerChoiceAlone, LeavesTheOtherSectionsToCheck) {
  Instance served({{"broker.plugin", "memory"}, {"broker.nats.url", "\"no url\""}, {"broker.carrier_pigeon.loft", "roof"}});
  const std::string nobodys = "broker.carrier_pigeon: no plugin claims this section: no plugin 'carrier_pigeon'";
  EXPECT_NE(served.process().errors().find(nobodys + "\n"), std::string::npos) << served.process().errors();
  EXPECT_EQ(served.process().errors().find("broker.nats"), std::string::npos) << served.process().errors();

  const CommandResult wrong = signalbox({"check", "-c", served.file()});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_NE(wrong.errors.find("broker.nats.url: not a URL"), std::string::npos) << wrong.errors;
  served.rewrite({{"broker.nats.url", "nats://localhost:4222"}});
  const CommandResult warned = signalbox({"check", "-c", served.file()});
  EXPECT_EQ(warned.exit_code, 0);
  EXPECT_NE(warned.errors.find(nobodys), std::string::npos) << warned.errors;
  served.rewrite({{"broker.nats.ur", "nats://localhost:4222"}});
  const CommandResult refused = signalbox({"check", "-c", served.file()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.errors.find("did you mean broker.nats.url"), std::string::npos) << refused.errors;
}

}  // namespace
}  // namespace signalbox::test
