// Each limit of `limits.*` reached from outside: who is refused, how it is counted, and that the places come back.
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

/// Somebody who has asked for an upgrade and got an answer, or was closed without one.
class Visitor {
 public:
  explicit Visitor(std::uint16_t port, const char* source = nullptr) : socket_(port, 0, source) {
    socket_.send(upgrade_request());
    socket_.read_until("\r\n\r\n");
  }
  [[nodiscard]] bool is_in() const { return socket_.received().starts_with("HTTP/1.1 101"); }
  /// Refused as the protocol says, naming this limit.
  void expect_refused(const std::string& limit) {
    EXPECT_TRUE(socket_.read_to_end()) << "the server left the connection open";
    const std::string& answer = socket_.received();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("\r\nRetry-After: "), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
    EXPECT_NE(answer.find("\r\n\r\n" + limit + " reached\n"), std::string::npos) << answer;
  }
  void send(std::uint8_t first_byte, std::string_view payload) { socket_.send(masked_frame(first_byte, payload)); }
  bool read_to_end() { return socket_.read_to_end(); }

 private:
  RawSocket socket_;
};

using Visitors = std::vector<std::unique_ptr<Visitor>>;

/// As many as get in, up to `most`, from this address.
Visitors let_in(const Instance& instance, std::size_t most, const char* source = nullptr) {
  Visitors inside;
  while (inside.size() < most) {
    auto visitor = std::make_unique<Visitor>(instance.port(), source);
    if (!visitor->is_in()) break;
    inside.push_back(std::move(visitor));
  }
  return inside;
}

bool gets_in(const Instance& instance, const char* source = nullptr) { return Visitor(instance.port(), source).is_in(); }

TEST(ConnectionLimit, RefusesTheNextUpgrade) {
  Instance instance(Settings{{"limits.connections", "3"}, {"server.threads", "2"}});
  Visitors inside = let_in(instance, 3);
  ASSERT_EQ(inside.size(), 3u);
  Visitor(instance.port()).expect_refused("limits.connections");
  EXPECT_EQ(instance.metric("signalbox_refused_total", "limit=\"connections\""), 1);
  EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_connections") == 3; }));
  EXPECT_EQ(HttpClient(instance.port()).get("/readyz").status, 200u) << "a full house is ready";

  inside.pop_back();
  EXPECT_TRUE(wait_until([&] { return gets_in(instance); })) << "the place was not given back";
}

/// Every way in which a visit can end gives its place back: one lost place in any of them, and the last does not get in.
TEST(ConnectionLimit, GetsEveryPlaceBack) {
  Instance instance(Settings{{"limits.connections", "4"}, {"limits.connections_per_ip", "4"}, {"server.threads", "2"}});
  for (int round = 0; round < 3; ++round) {
    Visitors inside = let_in(instance, 4);
    ASSERT_EQ(inside.size(), 4u) << "round " << round;
    EXPECT_FALSE(gets_in(instance));
    inside[0]->send(kClose, "\x03\xe8");  // closed as it should be
    EXPECT_TRUE(inside[0]->read_to_end());
    inside[1]->send(kText, "no JSON");  // closed by the server, which waits for the answer
    inside[2]->send(0x83, "");          // a frame of no known kind
    inside.clear();                     // and cut
    for (int i = 0; i < 4; ++i) {       // gone before the answer, or in the middle of the request
      RawSocket(instance.port()).send(upgrade_request().substr(0, i % 2 == 0 ? std::string::npos : 60));
    }
    ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_connections") == 0; }));
    ASSERT_TRUE(wait_until([&] { return let_in(instance, 4).size() == 4; })) << "round " << round;
    ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_connections") == 0; }));
  }
}

TEST(ConnectionLimitOfAnAddress, LeavesOtherAddressesAlone) {
  Instance instance(Settings{{"limits.connections_per_ip", "2"}, {"server.threads", "2"}});
  Visitors inside = let_in(instance, 2, "127.0.0.2");
  ASSERT_EQ(inside.size(), 2u);
  Visitor(instance.port(), "127.0.0.2").expect_refused("limits.connections_per_ip");
  EXPECT_EQ(instance.metric("signalbox_refused_total", "limit=\"connections_per_ip\""), 1);
  const Visitors others = let_in(instance, 3, "127.0.0.3");
  EXPECT_EQ(others.size(), 2u);

  inside.pop_back();
  EXPECT_TRUE(wait_until([&] { return gets_in(instance, "127.0.0.2"); })) << "the place was not given back";
  EXPECT_FALSE(gets_in(instance, "127.0.0.3"));
}

TEST(ConnectionLimitOfAnAddress, KnowsIpv4BehindAnIpv6Listener) {
  Instance instance(Settings{{"server.listen", "\"[::]:0\""}, {"limits.connections_per_ip", "1"}});
  const Visitors inside = let_in(instance, 2, "127.0.0.2");
  EXPECT_EQ(inside.size(), 1u);
  EXPECT_TRUE(gets_in(instance, "127.0.0.3")) << "all of IPv4 was taken for one network";
}

TEST(ConnectionLimitOfAnAddress, CountsWebSocketsNotProbes) {
  Instance instance(Settings{{"limits.connections_per_ip", "1"}});
  const Visitors inside = let_in(instance, 1);
  ASSERT_EQ(inside.size(), 1u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(HttpClient(instance.port()).get("/healthz").status, 200u);
}

TEST(ConnectionLimitOfAnAddress, HoldsForHandshakesToo) {
  constexpr std::size_t kLimit = 20;
  Instance instance(Settings{{"limits.connections_per_ip", "20"}, {"limits.handshake_timeout", "1h"}, {"server.threads", "2"}});
  const auto refused = [&] { return instance.metric("signalbox_refused_total", "limit=\"connections_per_ip\""); };
  std::vector<std::unique_ptr<RawSocket>> half;
  for (std::size_t i = 0; i < 40; ++i) {
    half.push_back(std::make_unique<RawSocket>(instance.port(), 0, "127.0.0.2"));
    half.back()->send(upgrade_request().substr(0, 60));
  }
  ASSERT_TRUE(wait_until([&] { return refused() == 40 - kLimit; }));
  EXPECT_TRUE(gets_in(instance, "127.0.0.3"));
  std::size_t inside = 0;
  for (const auto& socket : half) {
    socket->send(upgrade_request().substr(60));
    if (socket->read_until("\r\n\r\n") && socket->received().starts_with("HTTP/1.1 101")) ++inside;
  }
  EXPECT_EQ(inside, kLimit) << "those who came first finish";
  EXPECT_EQ(refused(), 40 - kLimit);
  Visitor(instance.port(), "127.0.0.2").expect_refused("limits.connections_per_ip");
}

/// However low the limit is, who upgrades at the same time as others is told why it is refused.
TEST(ConnectionLimitOfAnAddress, AnswersThoseWhoComeTogether) {
  Instance instance(Settings{{"limits.connections_per_ip", "1"}, {"server.threads", "1"}});
  std::vector<std::unique_ptr<RawSocket>> together;
  for (int i = 0; i < 16; ++i) {
    together.push_back(std::make_unique<RawSocket>(instance.port(), 0, "127.0.0.2"));
    together.back()->send(upgrade_request().substr(0, 60));
  }
  std::size_t inside = 0;
  for (const auto& socket : together) {
    socket->send(upgrade_request().substr(60));
    ASSERT_TRUE(socket->read_until("\r\n\r\n")) << "closed without an answer";
    if (socket->received().starts_with("HTTP/1.1 101")) {
      ++inside;
    } else {
      EXPECT_TRUE(socket->received().starts_with("HTTP/1.1 503")) << socket->received();
    }
  }
  EXPECT_EQ(inside, 1u);
}

TEST(MemoryLimit, RefusesNewClientsAndKeepsThoseInside) {
  Instance instance;
  WebSocketClient inside = instance.connect("alice");
  instance.rewrite({{"limits.memory", "1MiB"}});  // less than any process has
  instance.process().signal(SIGHUP);
  ASSERT_TRUE(instance.process().wait_for_errors("new clients are refused"));
  Visitor(instance.port()).expect_refused("limits.memory");
  EXPECT_EQ(instance.metric("signalbox_refused_total", "limit=\"memory\""), 1);
  EXPECT_EQ(instance.publish("alice", "still here").status, 200u);
  EXPECT_EQ(inside.next_payload(), "still here");
  EXPECT_EQ(HttpClient(instance.port()).get("/healthz").status, 200u);

  instance.rewrite({{"limits.memory", "1024GiB"}});
  instance.process().signal(SIGHUP);
  ASSERT_TRUE(instance.process().wait_for_errors("new clients are let in again"));
  EXPECT_TRUE(gets_in(instance));
}

/// Messages that lack their end: counted while they are held, and limited together with what waits to be written.
TEST(QueueTotalLimit, HoldsForMessagesThatAreNotComplete) {
  Instance instance(Settings{{"limits.queue_total_bytes", "1MiB"}, {"server.threads", "2"}});
  const auto inbound = [&] { return instance.metric("signalbox_queue_bytes", "inbound"); };
  const std::string begun = masked_frame(kBinary, std::string(64 * 1024, 'x')).substr(0, 63 * 1024);
  std::vector<std::unique_ptr<RawWebSocket>> clients;
  const auto begin_one = [&] {
    const std::string target = "/?user_name=user" + std::to_string(clients.size());
    clients.push_back(std::make_unique<RawWebSocket>(instance.port(), RawWebSocket::Options{target, {}, {}, 0}));
    clients.back()->socket().send(begun);
  };
  for (int i = 0; i < 6; ++i) begin_one();
  ASSERT_TRUE(wait_until([&] { return inbound() >= 6 * 62 * 1024; }));
  EXPECT_EQ(instance.metric("signalbox_closes_total"), 0);
  for (int i = 0; i < 34; ++i) begin_one();
  ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_closes_total", "code=\"4008\"") >= 40 - 16; }));
  EXPECT_TRUE(wait_until([&] { return inbound() <= 1024 * 1024; }));
  EXPECT_TRUE(instance.connect("bob").answers_ping());
  clients.clear();
  EXPECT_TRUE(wait_until([&] { return inbound() == 0; }));
}

/// Connects as this user; whether it stays.
std::optional<WebSocketClient> stay(const Instance& instance, const std::string& user) {
  WebSocketClient client(instance.port(), {"/?user_name=" + user, {}, {}});
  if (client.answers_ping()) return client;
  EXPECT_EQ(client.wait_closed().value_or(CloseReason{}).code, 1013u);
  return std::nullopt;
}

TEST(ConnectionLimitOfAUser, HoldsOverAllShards) {
  Instance instance(Settings{{"limits.connections_per_user", "5"}, {"server.threads", "4"}});
  std::vector<WebSocketClient> inside;
  for (int i = 0; i < 20; ++i) {
    if (auto client = stay(instance, "alice")) inside.push_back(std::move(*client));
  }
  ASSERT_EQ(inside.size(), 5u);
  EXPECT_EQ(instance.metric("signalbox_refused_total", "limit=\"connections_per_user\""), 15);
  EXPECT_EQ(instance.metric("signalbox_closes_total", "code=\"1013\""), 15);
  EXPECT_TRUE(stay(instance, "bob"));

  ASSERT_EQ(instance.publish("alice", "to all").status, 200u);
  for (WebSocketClient& client : inside) EXPECT_EQ(client.next_payload(), "to all");
  inside.pop_back();
  EXPECT_TRUE(wait_until([&] { return stay(instance, "alice").has_value(); })) << "the place was not given back";
}

TEST(ConnectionLimitOfAUser, IsToldInEnvelopeMode) {
  Instance instance(Settings{{"limits.connections_per_user", "1"}});
  WebSocketClient first = instance.connect_envelope("alice");
  WebSocketClient second(instance.port(), {"/", "signalbox.v1.json", {}});
  second.send(R"({"type":"register","user_name":"Alice"})");
  EXPECT_EQ(second.next_payload(), R"({"type":"error","code":"overloaded","message":"limits.connections_per_user reached"})");
  const std::optional<CloseReason> end = second.wait_closed();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 1013u);
  EXPECT_EQ(end->reason, "limits.connections_per_user reached");
  EXPECT_TRUE(first.answers_ping());
}

TEST(ConnectionLimitOfAUser, CountsEachInstanceByItself) {
  RedisServer redis;
  Instance one(redis, {{"limits.connections_per_user", "1"}});
  Instance two(redis, {{"limits.connections_per_user", "1"}});
  std::optional<WebSocketClient> on_one = stay(one, "alice");
  std::optional<WebSocketClient> on_two = stay(two, "alice");
  ASSERT_TRUE(on_one && on_two);
  EXPECT_FALSE(stay(one, "alice"));
  EXPECT_FALSE(stay(two, "alice"));
  ASSERT_TRUE(wait_until([&] { return redis.subscribers("alice") == 2; }));
  ASSERT_EQ(one.publish("alice", "hello").status, 200u);
  EXPECT_EQ(on_one->next_payload(), "hello");
  EXPECT_EQ(on_two->next_payload(), "hello");
}

/// A client that does not read, with little room in its socket.
std::unique_ptr<RawWebSocket> stalled(Instance& instance, const std::string& user) {
  auto client = std::make_unique<RawWebSocket>(instance.port(), RawWebSocket::Options{"/?user_name=" + user, {}, {}, 4096});
  EXPECT_TRUE(wait_until([&] { return instance.exists(user); }));
  return client;
}

std::string numbered(int number, std::size_t bytes) {
  std::string text = std::to_string(number) + " ";
  text.resize(bytes, 'x');
  return text;
}

/// Seven clients for whom ever more waits, and an eighth for whom most does, over four threads.
TEST(QueueTotalLimit, ClosesTheLargestFirstAndLeavesTheOthersAlone) {
  constexpr std::size_t kBytes = 16 * 1024;
  constexpr double kLimit = 4 * 1024 * 1024;
  Instance instance(Settings{{"limits.queue_bytes", "64MiB"}, {"limits.queue_total_bytes", "4MiB"}, {"server.threads", "4"}});
  std::vector<std::unique_ptr<RawWebSocket>> slow;
  std::vector<int> sent(8, 0);
  const auto user = [](std::size_t i) { return "slow" + std::to_string(i); };
  const auto publish = [&](std::size_t i) { EXPECT_EQ(instance.publish(user(i), numbered(sent[i]++, kBytes)).status, 200u); };
  const auto closes = [&] { return instance.metric("signalbox_closes_total", "code=\"4008\""); };
  const auto waiting = [&] { return instance.metric("signalbox_queue_bytes", "connection"); };
  for (std::size_t i = 0; i < 8; ++i) slow.push_back(stalled(instance, user(i)));
  WebSocketClient fast = instance.connect("fast");
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t count = 0; count < 4 * (i + 1); ++count) publish(i);
  }
  for (int count = 0; count < 128; ++count) publish(7);
  ASSERT_EQ(closes(), 0) << "within the limit";

  // One by one, so that what comes before the server has acted is little.
  const auto fill = [&](std::size_t users) {
    for (std::size_t i = 0; waiting() <= kLimit && sent[0] < 400; i = (i + 1) % users) publish(i);
  };
  fill(7);
  ASSERT_TRUE(wait_until([&] { return closes() == 1; }));
  EXPECT_TRUE(wait_until([&] { return !instance.exists(user(7)); })) << "it was not the largest that went";
  EXPECT_TRUE(wait_until([&] { return waiting() <= kLimit; }));
  EXPECT_GE(instance.metric("signalbox_dropped_total", "connection"), 100);
  const std::optional<CloseReason> end = slow[7]->next_close();
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->code == 4008u || end->code == 1006u) << end->code;

  fill(7);
  ASSERT_TRUE(wait_until([&] { return closes() == 2; }));
  EXPECT_TRUE(wait_until([&] { return !instance.exists(user(6)); })) << "it was not the next largest that went";
  ASSERT_EQ(instance.publish("fast", "as ever").status, 200u);
  EXPECT_EQ(fast.next_payload(), "as ever");
  slow.resize(6);
  for (std::size_t i = 0; i < 6; ++i) {
    for (int number = 0; number < sent[i]; ++number) {
      const std::optional<RawFrame> frame = slow[i]->next();
      ASSERT_TRUE(frame) << user(i) << " lost message " << number << " of " << sent[i];
      ASSERT_TRUE(frame->payload == numbered(number, kBytes)) << user(i) << " " << number;
    }
  }
  EXPECT_TRUE(wait_until([&] { return waiting() == 0; }));
}

TEST(QueueTotalLimit, LoweredClosesNobodyAndComesIntoForceAsLessWaits) {
  constexpr std::size_t kBytes = 32 * 1024;
  Instance instance(Settings{{"limits.queue_bytes", "64MiB"}, {"limits.register_timeout", "500ms"}, {"server.threads", "2"}});
  const std::unique_ptr<RawWebSocket> slow = stalled(instance, "slow");
  const auto closes = [&] { return instance.metric("signalbox_closes_total", "code=\"4008\""); };
  for (int i = 0; i < 40; ++i) ASSERT_EQ(instance.publish("slow", numbered(i, kBytes)).status, 200u);
  instance.rewrite({{"limits.queue_total_bytes", "256KiB"}});
  instance.process().signal(SIGHUP);
  ASSERT_TRUE(instance.process().wait_for_errors("reloaded: limits.queue_total_bytes"));
  // That nobody is closed has no event to wait for; the register_timeout of another client is many ticks of the threads.
  const auto let_ticks_pass = [&] { EXPECT_TRUE(WebSocketClient(instance.port()).wait_closed()); };
  let_ticks_pass();
  EXPECT_EQ(closes(), 0);
  const auto waiting = [&] { return instance.metric("signalbox_queue_bytes", "connection"); };
  const double before = waiting();
  for (int i = 0; i < 20; ++i) {
    const std::optional<RawFrame> frame = slow->next();
    ASSERT_TRUE(frame && frame->payload == numbered(i, kBytes)) << i;
  }
  ASSERT_TRUE(wait_until([&] { return waiting() <= before - 15 * kBytes; }));
  let_ticks_pass();
  EXPECT_EQ(closes(), 0);
  for (int i = 40; i < 50; ++i) ASSERT_EQ(instance.publish("slow", numbered(i, kBytes)).status, 200u);
  EXPECT_TRUE(wait_until([&] { return closes() == 1; })) << "less than before, but more than the least";
}

/// Redis hands over what a script publishes in large reads: more at once than a thread may have waiting.
TEST(HandoverLimit, DropsTheNewestAndTellsAGapToThoseWhoLostThem) {
  constexpr int kCount = 400;
  RedisServer redis;
  Instance instance(redis, {{"limits.handover_bytes", "16KiB"}, {"server.threads", "2"}});
  WebSocketClient alice = instance.connect_envelope("alice");
  WebSocketClient bob = instance.connect_envelope("bob");
  const std::string script =
      "for i = 0, " + std::to_string(kCount - 1) + " do redis.call('publish', 'alice', i .. ' ' .. string.rep('x', 1000)) end";
  redis.command({"EVAL", script, "0"});
  ASSERT_TRUE(wait_until([&] {
    return instance.metric("signalbox_delivered_total") + instance.metric("signalbox_dropped_total", "handover") == kCount;
  }));
  const auto dropped = static_cast<int>(instance.metric("signalbox_dropped_total", "handover"));
  EXPECT_GT(dropped, 0);
  ASSERT_EQ(instance.publish("alice", "last").status, 200u);

  int received = 0;
  int gaps = 0;
  int newest = -1;
  for (std::string text = alice.next_payload(); text.find(R"("last")") == std::string::npos; text = alice.next_payload()) {
    ASSERT_NE(text, "(nothing)");
    if (text == R"({"type":"gap","reason":"limits.handover_bytes reached"})") {
      ++gaps;
      continue;
    }
    const int number = std::stoi(text.substr(text.find(R"("data":")") + 8));
    EXPECT_TRUE(received++ > 0 || number == 0) << "the oldest was dropped, not the newest";
    EXPECT_GT(number, newest);
    newest = number;
  }
  EXPECT_EQ(received + dropped, kCount);
  EXPECT_GT(gaps, 0);
  EXPECT_EQ(instance.metric("signalbox_gaps_total"), gaps);
  EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_queue_bytes", "handover") == 0; }));
  ASSERT_EQ(instance.publish("bob", "unharmed").status, 200u);
  EXPECT_NE(bob.next_payload().find("unharmed"), std::string::npos) << "a gap of alice's is none of bob's";
}

}  // namespace
}  // namespace signalbox::test
