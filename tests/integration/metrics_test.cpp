// Every metric is moved by what it counts, by nothing else, and by no more.
#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>

#include "tests/support/instance.hpp"
#include "tests/support/metrics_text.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

using testing::HasSubstr;

/// Series without their signalbox_, and by how much they moved.
using Moves = std::map<std::string, double>;

MetricsText metrics(Instance& instance) { return MetricsText(instance.http().get("/metrics").body); }

/// Watches all of an instance's series. Of a histogram only the count: how long things took is nobody's promise.
class Watch {
 public:
  explicit Watch(Instance& instance) : instance_(instance), before_(metrics(instance)) {
    // What clients have been told already may still be on its way to be counted.
    wait_until([&] {
      before_ = metrics(instance);
      return before_["signalbox_queue_bytes{queue=\"handover\"}"] == 0;
    });
  }

  /// What happened since the Watch was made or last asked has moved these series, and no other.
  void expect(const Moves& expected) {
    Moves moved;
    wait_until([&] { return (moved = moves()) == expected; });
    EXPECT_EQ(moved, expected);
    before_ = metrics(instance_);
  }
  [[nodiscard]] Moves moves() {
    Moves moved;
    for (const auto& [name, value] : metrics(instance_).series) {
      if (name.find("_seconds_bucket") != std::string::npos || name.ends_with("_seconds_sum")) continue;
      const auto old = before_.series.find(name);
      const double by = value - (old == before_.series.end() ? 0 : old->second);
      if (by != 0) moved[name.substr(std::string_view("signalbox_").size())] = by;
    }
    return moved;
  }

 private:
  Instance& instance_;
  MetricsText before_;
};

std::string published(const std::string& result) { return "published_total{result=\"" + result + "\"}"; }
std::string dropped(const std::string& queue) { return "dropped_total{queue=\"" + queue + "\"}"; }
std::string closes(const std::string& code) { return "closes_total{code=\"" + code + "\"}"; }
std::string state(const std::string& state) { return "broker_state{state=\"" + state + "\"}"; }

TEST(Metrics, CountConnectionsUsersAndRegistrations) {
  Instance instance(Settings{{"server.allowed_origins", "[https://example.com]"}});
  Watch watch(instance);
  WebSocketClient phone(instance.port());
  ASSERT_TRUE(phone.answers_ping());
  watch.expect({{"connections", 1}});
  phone.send(R"({"user_name":"alice"})");
  watch.expect({{"users", 1}, {"registrations_total", 1}});
  phone.send(R"({"user_name":"Alice"})");  // the same user again
  ASSERT_TRUE(phone.answers_ping());
  watch.expect({});
  WebSocketClient laptop = instance.connect("alice");
  watch.expect({{"connections", 1}, {"registrations_total", 1}});
  phone.send("what is this?");
  phone.send_binary("and this?");
  watch.expect({{"ignored_messages_total", 2}});
  phone.close();
  watch.expect({{"connections", -1}, {closes("1000"), 1}});
  laptop.close();
  watch.expect({{"connections", -1}, {"users", -1}, {closes("1000"), 1}});
  EXPECT_THROW(WebSocketClient(instance.port(), {"/", "", {{"Origin", "https://evil.test"}}}), HandshakeRefused);
  EXPECT_EQ(instance.http().get("/nothing").status, 404u);
  watch.expect({});
}

TEST(Metrics, CountPublishesAndDeliveries) {
  Instance instance;
  WebSocketClient phone = instance.connect("alice");
  WebSocketClient laptop = instance.connect("alice");
  Watch watch(instance);
  EXPECT_EQ(instance.publish("alice", "to both").status, 200u);
  watch.expect(
      {{published("delivered"), 1}, {"delivered_total", 2}, {"publish_seconds_count", 1}, {"delivery_lag_seconds_count", 1}});
  EXPECT_EQ(instance.publish("bob", "to nobody").status, 404u);
  watch.expect({{published("not_connected"), 1}, {"publish_seconds_count", 1}});
  const std::string lines = "{\"user\":\"alice\",\"text\":\"1\"}\n{\"user\":\"bob\",\"text\":\"2\"}\nnonsense\n";
  EXPECT_EQ(instance.http().post("/api/v1/messages", lines).status, 200u);
  watch.expect({{published("delivered"), 1},
                {published("not_connected"), 1},
                {"delivered_total", 2},
                {"publish_seconds_count", 2},
                {"delivery_lag_seconds_count", 1}});
  // Refused before the broker is asked.
  EXPECT_EQ(instance.publish("alice", "\xff").status, 400u);
  EXPECT_EQ(instance.publish("alice", std::string(64 * 1024 + 1, 'x')).status, 413u);
  EXPECT_TRUE(instance.exists("alice"));
  watch.expect({});
}

TEST(Metrics, CountWhatTheBrokerAnswersToAPublish) {
  RedisServer redis;
  redis.command({"ACL", "SETUSER", "app", "on", ">secret", "+@all", "resetchannels", "&\x01*", "&\x02*", "&alice"});
  Instance instance(redis, {{"broker.redis.username", "app"},
                            {"broker.redis.password", "secret"},
                            {"broker.redis.publish_queue_bytes", "1MiB"},
                            {"broker.timeout", "1s"}});
  Watch watch(instance);
  EXPECT_EQ(instance.publish("carol", "forbidden").status, 403u);
  watch.expect({{published("rejected"), 1}, {"publish_seconds_count", 1}});
  redis.freeze();
  const std::string line = R"({"user":"alice","text":")" + std::string(60'000, 'x') + "\"}\n";
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += line;
  EXPECT_EQ(instance.http().post("/api/v1/messages", lines).status, 200u);
  // The queue takes 17 of them, and Redis none.
  watch.expect({{published("unknown_outcome"), 17},
                {published("overloaded"), 3},
                {"publish_seconds_count", 20},
                {state("ready"), -1},
                {state("degraded"), 1}});
  EXPECT_EQ(instance.publish("alice", "Redis is away").status, 503u);
  watch.expect({{published("unavailable"), 1}, {"publish_seconds_count", 1}});
}

TEST(Metrics, CountAPublishThatIsTooLargeForTheBroker) {
  RedisServer redis;
  Instance instance(
      Instance::Unready{}, redis,
      {{"limits.message_bytes", "2MiB"}, {"limits.queue_bytes", "4MiB"}, {"broker.redis.publish_queue_bytes", "1MiB"}});
  ASSERT_TRUE(wait_until([&] { return metrics(instance)["signalbox_broker_state{state=\"failed\"}"] == 1; }));
  Watch watch(instance);
  EXPECT_EQ(instance.publish("alice", std::string(1536 * 1024, 'x')).status, 413u);
  watch.expect({{published("too_large"), 1}, {"publish_seconds_count", 1}});
}

/// An envelope as another instance would send it (SPEC 5), sent at the beginning of 1970.
std::string envelope(char kind, char sequence, const std::string& payload) {
  std::string header("\xf8SBX\x01\x20", 6);
  header += {kind, '\0'};
  header += std::string("publish!") + sequence + std::string(15, '\0');
  return header + payload;
}

TEST(Metrics, CountMessagesFromElsewhereAndWhatIsDroppedOfThem) {
  RedisServer redis;
  Instance instance(redis, {{"limits.message_bytes", "1KiB"}, {"broker.unsubscribe_delay", "1m"}});
  WebSocketClient alice = instance.connect("alice");
  Watch watch(instance);
  redis.publish("alice", "from a foreign publisher");
  watch.expect({{"delivered_total", 1}});
  redis.publish("alice", std::string(1025, 'x'));
  watch.expect({{dropped("oversize"), 1}, {"gaps_total", 1}});
  redis.publish("alice", envelope(9, 1, "of a later version"));
  watch.expect({{dropped("unknown_kind"), 1}});
  redis.publish("alice", envelope(1, 1, "once"));
  watch.expect({{"delivered_total", 1}, {"delivery_lag_seconds_count", 1}});
  redis.publish("alice", envelope(1, 1, "once"));
  watch.expect({{dropped("duplicate"), 1}});
  alice.close();
  watch.expect({{"connections", -1}, {"users", -1}, {closes("1000"), 1}});
  // The subscription outlives her by unsubscribe_delay.
  EXPECT_EQ(instance.publish("alice", "too late").status, 200u);
  watch.expect({{published("delivered"), 1}, {"publish_seconds_count", 1}, {dropped("no_receiver"), 1}});
}

TEST(Metrics, CountWhatAShardHasNoRoomFor) {
  Instance instance(Settings{{"limits.handover_bytes", "1KiB"}});
  Watch watch(instance);
  WebSocketClient alice = instance.connect("alice");
  watch.expect({{"connections", 1}, {"users", 1}, {"registrations_total", 1}});
  EXPECT_EQ(instance.publish("alice", std::string(2048, 'x')).status, 200u);
  watch.expect({{published("delivered"), 1},
                {"publish_seconds_count", 1},
                {"delivery_lag_seconds_count", 1},
                {dropped("handover"), 1},
                {"gaps_total", 1}});
}

TEST(Metrics, CountLinesThatTheDiskDoesNotTake) {
  Instance instance(
      Settings{{"broker.plugin", SIGNALBOX_TEST_PLUGINS "/libsignalbox_journal.so"}, {"logging.file", "/dev/full"}});
  instance.publish("bob", "the last line");
  ASSERT_TRUE(instance.process().wait_for_errors("the last line\n"));
  // The console has all of them, the file none.
  const std::string console = instance.process().errors();
  const auto lines = static_cast<double>(std::count(console.begin(), console.end(), '\n'));
  EXPECT_GE(lines, 2);
  EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_dropped_total", "log") >= lines; }));
  EXPECT_EQ(instance.metric("signalbox_dropped_total"), lines);
}

TEST(Metrics, AccountForEachMessageToASlowConsumer) {
  Instance instance(Settings{{"limits.queue_bytes", "128KiB"}});
  auto slow = std::make_unique<RawWebSocket>(instance.port(), RawWebSocket::Options{"/?user_name=alice", {}, {}, 4096});
  ASSERT_TRUE(wait_until([&] { return instance.exists("alice"); }));
  const std::string payload(32 * 1024, 'x');
  double sent = 0;
  double most = 0;
  while (sent < 1000 && instance.metric("signalbox_closes_total") == 0) {
    if (instance.publish("alice", payload).status == 200) ++sent;
    most = std::max(most, instance.metric("signalbox_queue_bytes", "connection"));
  }
  EXPECT_GE(most, 32 * 1024);
  EXPECT_LE(most, 128 * 1024);
  double received = 0;
  std::optional<RawFrame> frame;
  while ((frame = slow->next()) && frame->first_byte != kClose) received += frame->first_byte == kText;
  slow.reset();
  ASSERT_TRUE(wait_until([&] { return instance.metric("signalbox_connections") == 0; }));
  const MetricsText after = metrics(instance);
  EXPECT_EQ(after["signalbox_closes_total{code=\"4008\"}"], 1);
  EXPECT_EQ(after["signalbox_queue_bytes{queue=\"connection\"}"], 0);
  EXPECT_GE(after["signalbox_dropped_total{queue=\"connection\"}"], 2);
  EXPECT_EQ(sent, received + after["signalbox_dropped_total{queue=\"connection\"}"] +
                      after["signalbox_dropped_total{queue=\"no_receiver\"}"]);
}

TEST(Metrics, CountClosesByTheirCode) {
  Instance instance(Settings{{"limits.message_bytes", "1KiB"},
                             {"limits.register_timeout", "1s"},
                             {"limits.ping_interval", "1s"},
                             {"limits.pong_timeout", "1s"}});
  struct Closing {
    const char* code;
    std::uint8_t first_byte;
    std::string payload;
  };
  const std::array<Closing, 7> closings{{
      {"1000", kClose, std::string("\x03\xe8", 2)},
      {"1002", 0x83, "a reserved opcode"},
      {"1007", kText, "\xff"},
      {"1008", kText, "not JSON"},
      {"1009", kText, std::string(1025, 'x')},
      {"other", kClose, std::string("\x0b\xb8", 2)},  // 3000: the client's own
      {"4010", kClose, std::string("\x0f\xaa", 2)},
  }};
  Watch watch(instance);
  for (const Closing& closing : closings) {
    {
      RawWebSocket client(instance.port());
      client.send(closing.first_byte, closing.payload);
      ASSERT_TRUE(client.next_close()) << closing.code;
    }
    watch.expect({{closes(closing.code), 1}});
  }
  {
    const RawWebSocket vanishes(instance.port());
  }
  watch.expect({{closes("1006"), 1}});
  {
    RawWebSocket nobody(instance.port());  // no user in time
    ASSERT_TRUE(nobody.next_close());
  }
  watch.expect({{closes("1008"), 1}});
  {
    RawWebSocket deaf(instance.port(), {"/?user_name=alice", {}, {}, 0});  // a ping, and no pong
    ASSERT_TRUE(deaf.next_close());
  }
  watch.expect({{"registrations_total", 1}, {closes("1011"), 1}});
  WebSocketClient bob = instance.connect("bob");
  watch.expect({{"connections", 1}, {"users", 1}, {"registrations_total", 1}});
  EXPECT_EQ(instance.http().request("DELETE", "/api/v1/users/bob/connections").status, 202u);
  ASSERT_TRUE(bob.wait_closed());
  watch.expect({{"connections", -1}, {"users", -1}, {closes("4003"), 1}});
}

TEST(Metrics, CountTheClosesOfADrain) {
  Instance instance(Settings{{"server.drain_timeout", "4s"}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(instance.connect("user" + std::to_string(i)));
  Watch watch(instance);
  instance.process().signal(SIGTERM);
  // Closed one after another, so that the instance is still there to be asked.
  EXPECT_TRUE(wait_until([&] { return watch.moves()[closes("1001")] >= 3; }));
}

TEST(Metrics, ShowTheBrokersStateItsReturnsAndGaps) {
  RedisServer redis;
  Instance instance(redis);
  const auto only = [&](const std::string& name) {
    const MetricsText now = metrics(instance);
    double sum = 0;
    for (const char* one : {"connecting", "ready", "degraded", "failed", "closed"}) sum += now["signalbox_" + state(one)];
    return sum == 1 && now["signalbox_" + state(name)] == 1;
  };
  EXPECT_TRUE(only("ready"));
  Watch watch(instance);
  redis.kill();
  watch.expect({{state("ready"), -1}, {state("degraded"), 1}});
  EXPECT_TRUE(only("degraded"));
  redis.restart();
  watch.expect({{state("ready"), 1}, {state("degraded"), -1}, {"broker_reconnects_total", 1}, {"gaps_total", 1}});

  Instance early(Instance::Unready{}, redis, {{"broker.redis.url", "redis://127.0.0.1:" + std::to_string(free_port())}});
  EXPECT_EQ(metrics(early)["signalbox_" + state("connecting")], 1);
  Instance refused(Instance::Unready{}, redis, {{"broker.redis.password", "wrong"}, {"broker.redis.username", "nobody"}});
  EXPECT_TRUE(wait_until([&] { return metrics(refused)["signalbox_" + state("failed")] == 1; }));
}

TEST(Metrics, MeasureHowLongAPublishAndItsWayTook) {
  RedisServer redis;
  Instance instance(redis);
  WebSocketClient alice = instance.connect("alice");
  const MetricsText before = metrics(instance);
  redis.publish("alice", envelope(1, 1, "half a century under way"));
  ASSERT_EQ(alice.next_payload(), "half a century under way");
  const MetricsText lag = metrics(instance);
  EXPECT_GT(lag["signalbox_delivery_lag_seconds_sum"], 50.0 * 365 * 24 * 3600);
  EXPECT_EQ(lag["signalbox_delivery_lag_seconds_bucket{le=\"10\"}"], 0);
  EXPECT_EQ(lag["signalbox_delivery_lag_seconds_bucket{le=\"+Inf\"}"], 1);
  EXPECT_EQ(lag["signalbox_publish_seconds_sum"], before["signalbox_publish_seconds_sum"]);
  // Sent while Redis sleeps, answered when it wakes.
  redis.freeze();
  HttpResponse answer;
  std::thread publish([&] { answer = HttpClient(instance.api_port()).post("/api/v1/users/alice/messages", "x"); });
  std::this_thread::sleep_for(300ms);
  redis.thaw();
  publish.join();
  EXPECT_EQ(answer.status, 200u);
  const MetricsText after = metrics(instance);
  EXPECT_EQ(after["signalbox_publish_seconds_count"], 1);
  EXPECT_GT(after["signalbox_publish_seconds_sum"], 0.1);
  EXPECT_EQ(after["signalbox_publish_seconds_bucket{le=\"0.1\"}"], 0);
}

TEST(Metrics, AreThoseOfTheOperatorsTable) {
  std::ifstream file(SIGNALBOX_DOCS "/operations.md");
  std::string page((std::istreambuf_iterator<char>(file)), {});
  page.erase(0, page.find("\n## Metrics\n"));
  std::istringstream lines(page);
  std::map<std::string, std::string> types;  // by the metric's name
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| `signalbox_")) continue;
    const std::size_t type = line.find("` | ") + 4;
    types[line.substr(3, line.find_first_of("{`", 3) - 3)] = line.substr(type, line.find(' ', type) - type);
  }
  Instance instance;
  const WebSocketClient user = instance.connect("wilhelmine");  // a label that names her is in no table
  ASSERT_EQ(instance.publish("wilhelmine", "hello").status, 200u);
  const MetricsText text = metrics(instance);
  std::map<std::string, std::string> served;
  for (const auto& [name, family] : text.families) served[name] = family.type;
  EXPECT_EQ(types, served) << "docs/operations.md on the left, /metrics on the right";
  for (const auto& [name, value] : text.series) {
    const std::size_t begin = name.find('"') + 1;
    if (begin == 0 || name.find("{le=") != std::string::npos) continue;
    EXPECT_THAT(page, HasSubstr("`" + name.substr(begin, name.find('"', begin) - begin) + "`")) << name;
  }
}

}  // namespace
}  // namespace signalbox::test
