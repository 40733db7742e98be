// SIGTERM: clients are told, nothing that was accepted is lost, and the process ends within server.drain_timeout.
#include <csignal>
#include <set>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

using Clock = std::chrono::steady_clock;

TEST(Drain, ClosesEveryClientWith1001AndExitsWith0) {
  RedisServer redis;
  Instance instance(redis, {{"server.drain_timeout", "2s"}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(instance.connect("user" + std::to_string(i)));
  const auto started = Clock::now();
  instance.process().signal(SIGTERM);
  for (WebSocketClient& client : clients) EXPECT_EQ(client.wait_closed().value_or(CloseReason{}).code, 1001u);
  EXPECT_EQ(instance.process().wait(), 0) << instance.process().errors();
  EXPECT_LT(Clock::now() - started, scaled(2500ms));
  EXPECT_EQ(redis.subscribers("user1"), 0);
}

TEST(Drain, PacesTheClosesOverTheTimeout) {
  Instance instance(Settings{{"server.drain_timeout", "2s"}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(instance.port());
  for (WebSocketClient& client : clients) ASSERT_TRUE(client.answers_ping());
  instance.process().signal(SIGTERM);
  const auto started = Clock::now();
  // Half of the time: some have been closed, some have not.
  int closed = 0;
  while (Clock::now() - started < 800ms) {
    closed = 0;
    for (WebSocketClient& client : clients) closed += client.wait_closed(1ms) ? 1 : 0;
  }
  EXPECT_GT(closed, 0);
  EXPECT_LT(closed, 40);
}

TEST(Drain, TellsEnvelopeClientsFirst) {
  Instance instance(Settings{{"server.drain_timeout", "2s"}});
  WebSocketClient alice = instance.connect_envelope("alice");
  instance.process().signal(SIGTERM);
  const std::string told = alice.next_payload();
  EXPECT_EQ(text_of(json(told), "type"), "draining") << told;
  ASSERT_TRUE(json(told).contains("reconnect_in_ms")) << told;
  EXPECT_GE(json(told).at("reconnect_in_ms").to_number<int>(), 0);
  EXPECT_EQ(alice.wait_closed().value_or(CloseReason{}).code, 1001u);
  EXPECT_EQ(instance.process().wait(), 0);
}

TEST(Drain, RefusesNewClientsAndSaysNotReadyMeanwhile) {
  Instance instance(Settings{{"server.drain_timeout", "3s"}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(instance.port());
  for (WebSocketClient& client : clients) ASSERT_TRUE(client.answers_ping());
  instance.process().signal(SIGTERM);
  ASSERT_TRUE(instance.process().wait_for_errors("drain"));
  HttpClient http(instance.port());
  EXPECT_TRUE(wait_until([&] { return http.get("/readyz").status == 503; }, 1s));
  try {
    WebSocketClient late(instance.port());
    ADD_FAILURE() << "a client got in while draining";
  } catch (const HandshakeRefused& refused) {
    EXPECT_EQ(refused.response.status, 503u);
  }
  for (WebSocketClient& client : clients) EXPECT_EQ(client.wait_closed().value_or(CloseReason{}).code, 1001u);
  EXPECT_EQ(instance.process().wait(), 0);
}

TEST(Drain, EndsAtOnceWhenNobodyIsConnected) {
  Instance instance(Settings{{"server.drain_timeout", "30s"}});
  const auto started = Clock::now();
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(), 0);
  EXPECT_LT(Clock::now() - started, scaled(3s));
}

TEST(Drain, EndsAtOnceOnASecondSignal) {
  Instance instance(Settings{{"server.drain_timeout", "60s"}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(instance.port());
  for (WebSocketClient& client : clients) ASSERT_TRUE(client.answers_ping());
  const auto started = Clock::now();
  instance.process().signal(SIGTERM);
  EXPECT_FALSE(instance.process().wait(500ms)) << "clients are still there";
  instance.process().signal(SIGTERM);
  EXPECT_TRUE(instance.process().wait(3s));
  EXPECT_LT(Clock::now() - started, scaled(5s));
}

TEST(Drain, CutsClientsThatDoNotAnswerTheClose) {
  Instance instance(Settings{{"server.drain_timeout", "1s"}});
  // Beast reads only inside the client's functions: this one never sees the close frame.
  WebSocketClient deaf = instance.connect("alice");
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(3s), 0) << instance.process().errors();
}

TEST(Drain, LosesNoAcceptedPublish) {
  RedisServer redis;
  Instance leaving(redis, {{"server.drain_timeout", "2s"}});
  Instance staying(redis);
  WebSocketClient alice = staying.connect("alice");
  std::set<std::string> accepted;
  const auto publish = [&](const std::string& payload) {
    try {
      if (leaving.publish("alice", payload).status == 200) accepted.insert(payload);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  };
  WebSocketClient kept = leaving.connect("kept");  // so that the drain takes its time
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(publish("before " + std::to_string(i)));
  leaving.process().signal(SIGTERM);
  for (int i = 0; publish("while draining " + std::to_string(i)); ++i) {
  }
  EXPECT_EQ(leaving.process().wait(), 0);
  for (std::size_t i = accepted.size(); i > 0; --i) {
    const std::string payload = alice.next_payload();
    EXPECT_EQ(accepted.erase(payload), 1u) << payload;
  }
  EXPECT_TRUE(accepted.empty());
}

TEST(Drain, DeliversWhatItAcceptedForItsOwnClientsFirst) {
  Instance instance(Settings{{"server.drain_timeout", "2s"}});
  WebSocketClient alice = instance.connect("alice");
  for (int i = 0; i < 200; ++i) ASSERT_EQ(instance.publish("alice", std::to_string(i)).status, 200u);
  instance.process().signal(SIGTERM);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(alice.next_payload(), std::to_string(i));
  EXPECT_EQ(alice.wait_closed().value_or(CloseReason{}).code, 1001u);
}

}  // namespace
}  // namespace signalbox::test
