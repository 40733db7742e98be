// A server that is there and does not do what we need: the wrong role, a missing right, loading, busy, full.
#include <algorithm>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/unit/brokers/redis/fake_server.hpp"
#include "tests/unit/brokers/redis/redis_instance.hpp"

namespace signalbox::test {
namespace {

using std::chrono::seconds;

constexpr milliseconds kSlowRetry = seconds(20);  // 2.5 to 5 s for each connection

bool is_gap_then_ready(const std::vector<std::string>& events) {
  return events.size() >= 2 && events.back() == "state ready" && events[events.size() - 2] == "gap";
}

bool wait_reason(RedisInstance& instance, State state, const std::string& text) {
  return instance.host.wait([&](const auto& seen) {
    return !seen.states.empty() && seen.states.back() == state && seen.reason.find(text) != std::string::npos;
  });
}

/// As the line in docs/brokers.md has them.
const std::vector<std::string> kRights{"+subscribe", "+unsubscribe", "+publish", "+pubsub|numsub", "+ping", "+role", "+info"};

void set_user(const RedisServer& server, const std::string& name, std::vector<std::string> rules) {
  rules.insert(rules.begin(), {"ACL", "SETUSER", name, "on", ">pw"});
  server.command(rules);
}

Values login(const std::string& name) { return {{"username", name}, {"password", "pw"}}; }

TEST(RedisRefusals, LeavesAMasterThatBecomesAReplicaUnderOpenConnectionsUntilItIsAMasterAgain) {
  const RedisServer other;
  const RedisServer server;
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  server.command({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  ASSERT_TRUE(a.host.wait_state(State::failed)) << "nothing but the role, which is asked every second, tells";
  EXPECT_EQ(a.host.snapshot().reason.substr(0, 32), "config: the server is a replica;");
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::unavailable);
  // Nobody listens where only a part of what is published arrives.
  EXPECT_TRUE(wait_until([&] { return server.subscribers("alice") == 0; }));
  server.command({"REPLICAOF", "NO", "ONE"});
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }, kSlowRetry));
  EXPECT_EQ(wait(publish(*a, "alice", "hi")).receivers.count, 1U);
}

TEST(RedisRefusals, IsNotReadyWhereItsProbeIsHeardAndNotCounted) {
  FakeServer server;  // as a master whose replica holds our subscriptions
  server.count_nobody(true);
  RedisInstance a(server.url());
  ASSERT_TRUE(wait_reason(a, State::connecting, "does not count it")) << a.host.snapshot().reason;
  server.count_nobody(false);
  EXPECT_TRUE(a.host.wait_state(State::ready));
}

TEST(RedisRefusals, WorksWithExactlyTheRightsThatAreDocumented) {
  const RedisServer server;
  std::vector<std::string> rules{"resetkeys", "resetchannels", "&u:*", "-@all"};
  rules.insert(rules.end(), kRights.begin(), kRights.end());
  set_user(server, "app", rules);
  RedisInstance a(server.url(), "a", login("app"), milliseconds(2000), "u:");
  ASSERT_TRUE(a.host.wait_state(State::ready)) << a.host.snapshot().reason;
  EXPECT_TRUE(wait(subscribe(*a, "u:alice")).ok());
  EXPECT_EQ(wait(publish(*a, "u:alice", "hi")).receivers.count, 1U);
  EXPECT_TRUE(wait(exists(*a, "u:alice")).exists);
  EXPECT_TRUE(wait(unsubscribe(*a, "u:alice")).ok());
  ASSERT_TRUE(a.host.wait_delivered(1));
  // A name and a database take two more.
  set_user(server, "app", {"+client|setname", "+select"});
  RedisInstance b(server.url() + "/3", "b", login("app"), milliseconds(2000), "u:");
  ASSERT_TRUE(b.host.wait_state(State::ready)) << b.host.snapshot().reason;
  EXPECT_NE(server.command({"CLIENT", "LIST"}).find("name=signalbox:b:command"), std::string::npos);
}

TEST(RedisRefusals, NamesEachRightThatIsMissingAndIsReadyOnceItIsGiven) {
  const RedisServer server;
  std::vector<std::unique_ptr<RedisInstance>> instances;
  for (std::size_t missing = 0; missing < kRights.size(); ++missing) {
    std::vector<std::string> rules{"&*"};
    for (std::size_t i = 0; i < kRights.size(); ++i) {
      if (i != missing) rules.push_back(kRights[i]);
    }
    const std::string name = "user" + std::to_string(missing);
    set_user(server, name, rules);
    instances.push_back(std::make_unique<RedisInstance>(server.url(), name, login(name)));
  }
  for (std::size_t missing = 0; missing < kRights.size(); ++missing) {
    EXPECT_TRUE(wait_reason(*instances[missing], State::failed, "'" + kRights[missing].substr(1) + "'"))
        << kRights[missing] << ": " << instances[missing]->host.snapshot().reason;
    EXPECT_EQ(instances[missing]->host.snapshot().reason.substr(0, 14), "config: NOPERM");
    const auto states = instances[missing]->host.snapshot().states;
    EXPECT_EQ(std::count(states.begin(), states.end(), State::ready), 0) << kRights[missing];
    set_user(server, "user" + std::to_string(missing), {kRights[missing]});
  }
  for (const auto& instance : instances) EXPECT_TRUE(instance->host.wait_state(State::ready, kSlowRetry));
}

TEST(RedisRefusals, TellsWhenARightIsTakenAwayAndRefusesNobodyForIt) {
  const RedisServer server;
  set_user(server, "app", {"&*", "+@all"});
  RedisInstance a(server.url(), "a", login("app"));
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());

  set_user(server, "app", {"-publish"});
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::rejected);
  EXPECT_TRUE(wait_reason(a, State::failed, "'publish'")) << a.host.snapshot().reason;
  set_user(server, "app", {"+publish"});
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }, kSlowRetry));

  set_user(server, "app", {"-subscribe"});
  Pending newcomer = subscribe(*a, "bob");
  EXPECT_TRUE(wait_reason(a, State::failed, "'subscribe'")) << a.host.snapshot().reason;
  EXPECT_EQ(wait(std::move(newcomer)).code, errc::unavailable);  // at its deadline; still wanted
  set_user(server, "app", {"+subscribe"});
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }, kSlowRetry));
  EXPECT_EQ(server.subscribers("alice"), 1);
  EXPECT_EQ(server.subscribers("bob"), 1);
  EXPECT_TRUE(a.host.snapshot().refused.empty());

  set_user(server, "app", {"-role"});  // one that no call needs
  EXPECT_TRUE(wait_reason(a, State::failed, "'role'")) << a.host.snapshot().reason;
}

TEST(RedisRefusals, FailsAtTheNextConnectionAfterThePasswordWasChangedAndRecoversOnceItIsChangedBack) {
  RedisServer server({"--requirepass", "old"});
  RedisInstance a(server.url(), "a", {{"password", "old"}});
  ASSERT_TRUE(a.host.wait_state(State::ready));
  server.command({"CONFIG", "SET", "requirepass", "new"});
  server.use_password("new");
  EXPECT_TRUE(wait(publish(*a, "alice", "x")).ok());  // Redis lets those in who are
  server.command({"CLIENT", "KILL", "TYPE", "normal"});
  server.command({"CLIENT", "KILL", "TYPE", "pubsub"});
  ASSERT_TRUE(wait_reason(a, State::failed, "auth: WRONGPASS")) << a.host.snapshot().reason;
  server.command({"CONFIG", "SET", "requirepass", "old"});
  EXPECT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }, kSlowRetry));
}

TEST(RedisRefusals, WaitsForAServerThatIsLoadingItsDataAndIsReadySoonAfter) {
  RedisServer server(
      {"--enable-debug-command", "yes", "--key-load-delay", "100", "--loading-process-events-interval-bytes", "1024"});
  server.command({"DEBUG", "POPULATE", "20000"});
  server.command({"SAVE"});
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  server.kill();
  RedisInstance newcomer(server.url(), "b");
  std::future<Outcome> meanwhile = std::async(std::launch::async, [&] {
    EXPECT_TRUE(wait_reason(a, State::degraded, "LOADING")) << a.host.snapshot().reason;
    EXPECT_TRUE(wait_reason(newcomer, State::connecting, "LOADING")) << newcomer.host.snapshot().reason;
    return wait(publish(*a, "alice", "x"));
  });
  server.restart();  // until it answers PING, after 2 s
  EXPECT_EQ(meanwhile.get().code, errc::unavailable);
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }));
  EXPECT_TRUE(newcomer.host.wait_state(State::ready));
  EXPECT_EQ(server.subscribers("alice"), 1);
  const auto states = a.host.snapshot().states;
  EXPECT_EQ(std::count(states.begin(), states.end(), State::failed), 0);
}

TEST(RedisRefusals, WaitsForAServerThatRunsAScript) {
  const RedisServer server({"--busy-reply-threshold", "100"});
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  std::thread script([&] { EXPECT_THROW(server.command({"EVAL", "while true do end", "0"}), std::runtime_error); });
  EXPECT_TRUE(wait_reason(a, State::degraded, "BUSY")) << a.host.snapshot().reason;
  server.command({"SCRIPT", "KILL"});
  script.join();
  EXPECT_TRUE(a.host.wait([](const auto& seen) { return is_gap_then_ready(seen.events); }));
}

TEST(RedisRefusals, WorksWithAServerThatCanNotWriteToItsDisk) {
  auto disk = std::make_unique<TemporaryDirectory>();
  const RedisServer server({"--save", "3600 1", "--dir", disk->path().string()});
  RedisInstance a(server.url());
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  disk.reset();
  server.command({"SET", "key", "value"});
  server.command({"BGSAVE"});
  // Each of the two subscriber connections is refused its PING.
  const auto refused = [&] {
    const std::string errors = server.command({"INFO", "errorstats"});
    const std::string_view key = "errorstat_MISCONF:count=";
    const std::size_t at = errors.find(key);
    return at != std::string::npos && std::stoi(errors.substr(at + key.size())) >= 2;
  };
  ASSERT_TRUE(wait_until(refused)) << server.command({"INFO", "persistence"});
  EXPECT_EQ(wait(publish(*a, "alice", "hi")).receivers.count, 1U);
  RedisInstance newcomer(server.url(), "b");
  EXPECT_TRUE(newcomer.host.wait_state(State::ready)) << newcomer.host.snapshot().reason;
  EXPECT_TRUE(a.host.snapshot().gaps.empty());
}

TEST(RedisRefusals, TellsWhyAServerTurnsItAway) {
  struct Case {
    const char* error;
    State state;
    const char* reason;
  };
  for (const Case& refusal :
       {Case{"-ERR max number of clients reached\r\n", State::connecting, "ERR max number of clients reached"},
        Case{"-DENIED Redis is running in protected mode because of that. In this mode and so on.\r\n", State::failed,
             "config: DENIED Redis is running in protected mode"}}) {
    FakeServer server;
    server.turn_away(refusal.error);
    RedisInstance a(server.url());
    EXPECT_TRUE(wait_reason(a, refusal.state, refusal.reason)) << a.host.snapshot().reason;
    server.turn_away("");
    EXPECT_TRUE(a.host.wait_state(State::ready, kSlowRetry)) << a.host.snapshot().reason;
  }
}

TEST(RedisRefusals, TellsAGapWithTheLikelyReasonWhenItIsCutOffAsASlowSubscriber) {
  const RedisServer server({"--client-output-buffer-limit", "pubsub 1mb 0 0"});
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::promise<void> entered;
  std::once_flag once;
  RedisInstance a(server.url());
  a.host.on_deliver([&, opened](std::span<const Message>) {
    std::call_once(once, [&] { entered.set_value(); });
    opened.wait();
  });
  ASSERT_TRUE(a.host.wait_state(State::ready));
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  server.publish("alice", "first");
  entered.get_future().wait();
  const std::string payload(1 << 18, 'x');
  while (server.publish("alice", payload) == 1) {  // until it is cut off
  }
  gate.set_value();
  ASSERT_TRUE(a.host.wait([](const auto& seen) { return !seen.gaps.empty() && seen.events.back() == "state ready"; }));
  EXPECT_NE(a.host.snapshot().gaps.back().find("client-output-buffer-limit"), std::string::npos)
      << a.host.snapshot().gaps.back();
  EXPECT_EQ(server.publish("alice", "again"), 1);
}

}  // namespace
}  // namespace signalbox::test
