#include "brokers/nats/servers.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::nats {
namespace {

TEST(NatsServers, ThatAreToldByAddressMustNameWhatTheTellerNames) {
  const Server teller{"nats://nats.example:4222", "nats.example"};
  const std::vector<std::string> told{"nats://10.0.0.7:4222", "nats://[fd00::7]:4222", "nats://other.example:4222"};
  EXPECT_EQ(cluster_of(teller, told),
            (std::vector<Server>{teller, {told[0], "nats.example"}, {told[1], "nats.example"}, {told[2], "other.example"}}));
}

TEST(NatsServers, ThatAreToldByOneWithoutANameMustNameTheirAddress) {
  const Server teller{"nats://10.0.0.1:4222", "10.0.0.1"};
  const std::vector<std::string> told{"nats://10.0.0.7:4222", "nats://[fd00::7]:4222"};
  EXPECT_EQ(cluster_of(teller, told), (std::vector<Server>{teller, {told[0], "10.0.0.7"}, {told[1], "fd00::7"}}));
}

TEST(NatsServers, AreTriedOnceEach) {
  std::vector<Server> servers{{"nats://a:1", "a"}};
  append_missing(servers, std::vector<Server>{{"nats://a:1", "other"}, {"nats://b:1", "b"}, {"nats://b:1", "c"}});
  EXPECT_EQ(servers, (std::vector<Server>{{"nats://a:1", "a"}, {"nats://b:1", "b"}}));
}

}  // namespace
}  // namespace signalbox::nats
