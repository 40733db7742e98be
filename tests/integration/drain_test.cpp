// SIGTERM: clients are told, nothing that was accepted is lost, and the process ends within server.drain_timeout.
#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

using Clock = std::chrono::steady_clock;

TEST(Drain, ClosesEveryClientWith1001AndExitsWith0) {
  RedisServer redis;
  EXPECT_TRUE(keeps_bound([&] {
    Instance instance(redis, {{"server.drain_timeout", "2s"}});
    std::vector<WebSocketClient> clients;
    for (int i = 0; i < 40; ++i) clients.push_back(instance.connect("user" + std::to_string(i)));
    const auto started = Clock::now();
    instance.process().signal(SIGTERM);
    for (WebSocketClient& client : clients) EXPECT_EQ(client.wait_closed().value_or(CloseReason{}).code, 1001u);
    EXPECT_EQ(instance.process().wait(), 0) << instance.process().errors();
    return Clock::now() - started < scaled(2500ms);
  })) << "not within the timeout";
  EXPECT_EQ(redis.subscribers("user1"), 0);
}

TEST(Drain, OutlivesSigpipe) {
  Instance instance;
  WebSocketClient client = instance.connect("alice");
  instance.process().signal(SIGPIPE);
  EXPECT_TRUE(client.answers_ping());
  EXPECT_EQ(instance.publish("alice", "still there").status, 200u);
  EXPECT_EQ(client.next_payload(), "still there");
  EXPECT_TRUE(instance.process().running());
  EXPECT_EQ(instance.process().errors().find("draining"), std::string::npos);
}

/// Some hundred clients, every other one in envelope mode, and what a drain does to them.
class PacedDrain : public testing::Test {
 protected:
  static constexpr std::size_t kClients = 300;

  void SetUp() override {
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.emplace_back(instance.port(), WebSocketClient::Options{"/", i % 2 == 0 ? "" : "signalbox.v1.json", {}});
    }
    for (WebSocketClient& client : clients) ASSERT_TRUE(client.answers_ping());
  }

  /// SIGTERM, and then when each of the closes came, in order.
  std::vector<milliseconds> drain() {
    started = Clock::now();
    std::vector<std::optional<milliseconds>> came(kClients);
    std::vector<std::thread> waiting;
    for (std::size_t i = 0; i < kClients; ++i) {
      waiting.emplace_back([this, i, &came] {
        if (clients[i].wait_closed().value_or(CloseReason{}).code != 1001) return;
        came[i] = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
      });
    }
    instance.process().signal(SIGTERM);
    for (std::thread& thread : waiting) thread.join();
    std::vector<milliseconds> closes;
    for (const auto& time : came) {
      if (time) closes.push_back(*time);
    }
    std::sort(closes.begin(), closes.end());
    return closes;
  }

  const milliseconds timeout = scaled(5s);
  // Nobody registers here: only the drain may close anybody.
  Instance instance{Settings{{"server.drain_timeout", std::to_string(timeout.count()) + "ms"},
                             {"server.threads", "3"},
                             {"limits.register_timeout", "5m"}}};
  std::vector<WebSocketClient> clients;
  Clock::time_point started;
};

TEST_F(PacedDrain, ClosesEvenlyOverFourFifthsOfTheTimeout) {
  const std::vector<milliseconds> closes = drain();
  ASSERT_EQ(closes.size(), kClients);
  EXPECT_EQ(instance.process().wait(), 0);
  EXPECT_LT(Clock::now() - started, timeout);
  // An even pace is a straight line. Wide enough for a machine that stands still for a second.
  const auto at = [&](double part) {
    return static_cast<double>(closes[static_cast<std::size_t>(part * (kClients - 1))].count()) /
           (0.8 * static_cast<double>(timeout.count()));
  };
  for (const double part : {0.1, 0.25, 0.5, 0.75, 0.9}) EXPECT_NEAR(at(part), part, 0.25) << "of the closes: " << part;
  EXPECT_GT(at(1), 0.75);
  EXPECT_LT(at(1), 1.2);
}

TEST_F(PacedDrain, SpreadsTheReturnOfEnvelopeClients) {
  ASSERT_EQ(drain().size(), kClients);
  std::vector<int> waits;
  for (std::size_t i = 1; i < kClients; i += 2) {
    const std::string told = clients[i].next_payload();
    ASSERT_EQ(text_of(json(told), "type"), "draining") << told;
    waits.push_back(json(told).at("reconnect_in_ms").to_number<int>());
    EXPECT_FALSE(clients[i].next()) << "nothing but the close comes after it";
  }
  std::sort(waits.begin(), waits.end());
  EXPECT_GE(waits.front(), 0);
  EXPECT_LE(waits.back(), 5000);
  // Uniform over 5 s: each fifth has its share of the 150, give or take five standard deviations.
  for (int fifth = 0; fifth < 5; ++fifth) {
    const auto share =
        std::count_if(waits.begin(), waits.end(), [&](int wait) { return wait >= fifth * 1000 && wait < (fifth + 1) * 1000; });
    EXPECT_NEAR(static_cast<double>(share), 30, 25) << "in second " << fifth;
  }
  for (std::size_t i = 0; i < kClients; i += 2) EXPECT_FALSE(clients[i].next()) << "plain clients are told by the code only";
}

TEST_F(PacedDrain, IsSaidByBothListenersUntilTheLastClientHasLeft) {
  started = Clock::now();
  instance.process().signal(SIGTERM);
  HttpClient front(instance.port());
  ASSERT_TRUE(wait_until([&] { return front.get("/readyz").status == 503; }));
  EXPECT_EQ(front.get("/readyz").body, "draining\n");
  const HttpResponse ready = instance.http().get("/readyz");
  EXPECT_EQ(ready.status, 503u);
  EXPECT_TRUE(ready.body.find("draining") != std::string::npos) << ready.body;
  EXPECT_EQ(front.get("/healthz").status, 200u);
  EXPECT_EQ(instance.http().get("/healthz").status, 200u);
  EXPECT_THROW(WebSocketClient{instance.port()}, HandshakeRefused);
  EXPECT_EQ(instance.http().get("/api/v1/users/nobody").status, 404u) << "the back end is served to the end";
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
  Instance instance(Settings{{"server.drain_timeout", "60s"}});
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(), 0) << "in kPatience";
}

TEST(Drain, EndsAtOnceOnASecondSignal) {
  Instance instance(Settings{{"server.drain_timeout", "60s"}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 40; ++i) clients.emplace_back(instance.port());
  for (WebSocketClient& client : clients) ASSERT_TRUE(client.answers_ping());
  const auto started = Clock::now();
  instance.process().signal(SIGTERM);
  EXPECT_FALSE(instance.process().wait(500ms)) << "clients are still there";
  instance.process().signal(SIGINT);  // whichever it is
  EXPECT_EQ(instance.process().wait(3s), 1);
  EXPECT_LT(Clock::now() - started, scaled(5s));
  EXPECT_NE(instance.process().errors().find("signalbox: second signal: ended at once\n"), std::string::npos);
}

TEST(Drain, CutsClientsThatDoNotAnswerTheClose) {
  Instance instance(Settings{{"server.drain_timeout", "1s"}});
  // Beast reads only inside the client's functions: this one never sees the close frame.
  WebSocketClient deaf = instance.connect("alice");
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(3s), 0) << instance.process().errors();
}

TEST(Drain, EndsInOrderThoughItWasStoppedForLongerThanItMayTake) {
  Instance instance(Settings{{"server.drain_timeout", "1s"}});
  WebSocketClient deaf = instance.connect("alice");
  instance.process().signal(SIGTERM);
  ASSERT_TRUE(instance.process().wait_for_errors("draining"));
  instance.process().freeze();
  std::this_thread::sleep_for(5s);  // the timeout, 3 s after which it ends itself, and some
  instance.process().thaw();
  EXPECT_EQ(instance.process().wait(), 0) << instance.process().errors();
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
