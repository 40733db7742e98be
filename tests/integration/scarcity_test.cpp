// Descriptors, addresses and files run out or are not there.
#include <csignal>
#include <memory>

#include <gtest/gtest.h>

#include "tests/support/instance.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

TEST(Descriptors, LeaveTheApiAliveWhenClientsHaveTakenAllOthers) {
  TemporaryDirectory directory;
  const std::string file = directory.write("signalbox.yaml", yaml({{"server.listen", "127.0.0.1:0"},
                                                                   {"api.listen", "127.0.0.1:0"},
                                                                   {"broker.plugin", "memory"},
                                                                   {"logging.file", "\"\""}}));
  Process process({binary(), "serve", "-c", file}, {{}, directory.path().string(), {}, 200});
  ASSERT_TRUE(process.wait_for_errors(" broker=")) << process.errors();
  const std::string log = process.errors();
  const auto port = [&](const std::string& name) {
    const std::size_t at = log.find(' ' + name + "=127.0.0.1:");
    return static_cast<std::uint16_t>(std::stoi(log.substr(at + name.size() + 12)));
  };
  std::vector<std::unique_ptr<RawSocket>> clients;
  for (int i = 0; i < 200; ++i) {
    auto client = std::make_unique<RawSocket>(port("listen"));
    client->send(upgrade_request());
    ASSERT_TRUE(client->read_until("\r\n\r\n")) << "client " << i << " got no answer";
    if (client->received().rfind("HTTP/1.1 101", 0) == 0) {
      clients.push_back(std::move(client));
    } else {
      ASSERT_EQ(client->received().substr(0, 12), "HTTP/1.1 503");
      ASSERT_NE(client->received().find("Retry-After:"), std::string::npos);
    }
  }
  EXPECT_GT(clients.size(), 20u);
  EXPECT_NE(log.find("up to " + std::to_string(clients.size()) + " "), std::string::npos)
      << clients.size() << " got in; " << log;

  HttpClient api(port("api"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(HttpClient(port("api")).get("/healthz").status, 200u);
  EXPECT_EQ(api.get("/metrics").status, 200u);
  EXPECT_TRUE(process.running());

  clients.clear();
  EXPECT_TRUE(wait_until([&] {
    try {
      return WebSocketClient(port("listen")).answers_ping();
    } catch (const std::exception&) {
      return false;
    }
  })) << "nobody gets in after the clients have left";
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
}

TEST(Addresses, MayBeIpv6) {
  TemporaryDirectory directory;
  const std::string file = directory.write("signalbox.yaml", yaml({{"server.listen", "\"[::1]:0\""},
                                                                   {"api.listen", "\"[::1]:0\""},
                                                                   {"broker.plugin", "memory"},
                                                                   {"logging.file", "\"\""}}));
  Process process({binary(), "serve", "-c", file});
  EXPECT_TRUE(process.wait_for_errors("listen=[::1]:")) << process.errors();
  EXPECT_TRUE(process.wait_for_errors("api=[::1]:")) << process.errors();
}

TEST(Files, WhereTheLogCannotBeWrittenAreAFaultAtStart) {
  TemporaryDirectory directory;
  directory.write("not-a-directory", "");
  const std::string file = directory.write("signalbox.yaml", yaml({{"server.listen", "127.0.0.1:0"},
                                                                   {"api.listen", "127.0.0.1:0"},
                                                                   {"broker.plugin", "memory"},
                                                                   {"logging.file", "not-a-directory/signalbox.log"}}));
  const CommandResult result = signalbox({"serve", "-c", file}, {{}, directory.path().string(), {}, 0});
  EXPECT_EQ(result.exit_code, 1) << result.errors;
  EXPECT_NE(result.errors.find("logging.file: "), std::string::npos) << result.errors;
  EXPECT_NE(result.errors.find("not-a-directory"), std::string::npos) << result.errors;
}

TEST(Files, HoldTheLogUnderExactlyTheConfiguredName) {
  TemporaryDirectory directory;
  const std::string file = directory.write("signalbox.yaml", yaml({{"server.listen", "127.0.0.1:0"},
                                                                   {"api.listen", "127.0.0.1:0"},
                                                                   {"broker.plugin", "memory"},
                                                                   {"logging.file", "logs/box.log"}}));
  Process process({binary(), "serve", "-c", file}, {{}, directory.path().string(), {}, 0});
  ASSERT_TRUE(process.wait_for_errors(" broker="));
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
  const CommandResult log = run({"cat", (directory.path() / "logs" / "box.log").string()});
  EXPECT_NE(log.output.find("ready: id="), std::string::npos) << log.errors;
}

TEST(Fanout, ReachesHundredsOfDevicesOfOneUser) {
  RedisServer redis;
  Instance instance(redis);
  std::vector<WebSocketClient> devices;
  for (int i = 0; i < 300; ++i) devices.emplace_back(instance.port(), WebSocketClient::Options{"/?user_name=alice", {}, {}});
  ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_registrations_total") == 300; }));
  ASSERT_TRUE(wait_until([&] { return redis.subscribers("alice") == 1; }));
  for (int i = 0; i < 20; ++i) ASSERT_EQ(instance.publish("alice", std::to_string(i)).status, 200u);
  for (WebSocketClient& device : devices) {
    for (int i = 0; i < 20; ++i) ASSERT_EQ(device.next_payload(), std::to_string(i));
  }
}

}  // namespace
}  // namespace signalbox::test
