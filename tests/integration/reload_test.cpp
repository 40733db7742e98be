// SIGHUP: what can change while the server runs is put in force, the rest is complained about, and nobody is disturbed.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// How often a signal is sent until it is heard. g++ 12's ThreadSanitizer puts one off that comes between two system calls, and
/// about one in 300 of those never reaches its handler.
#ifdef __SANITIZE_THREAD__
constexpr int kSignals = 5;
#else
constexpr int kSignals = 1;
#endif

/// SIGHUP, and waits for what the log says to it: a line that ends with `text`, one more than there was before.
testing::AssertionResult reload(Process& process, const std::string& text) {
  const std::size_t before = count(process.errors(), text + "\n");
  for (int sent = 0; sent < kSignals; ++sent) {
    process.signal(SIGHUP);
    const auto is_said = [&] { return count(process.errors(), text + "\n") > before; };
    if (wait_until(is_said, kPatience / kSignals)) return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << "no line ends with \"" << text << "\":\n" << process.errors();
}

testing::AssertionResult reload(Instance& instance, const Settings& changes, const std::string& text) {
  instance.rewrite(changes);
  return reload(instance.process(), text);
}

unsigned upgrade_status(Instance& instance, const std::string& origin = {}) {
  try {
    WebSocketClient client(instance.port(), {"/", {}, origin.empty() ? Headers{} : Headers{{"Origin", origin}}});
    return 101;
  } catch (const HandshakeRefused& refused) {
    return refused.response.status;
  }
}

unsigned api_status(Instance& instance, const std::string& key) {
  return instance.http().get("/api/v1/instance", {{"Authorization", "Bearer " + key}}).status;
}

TEST(Reload, ChangesTheLevelOfTheLog) {
  Instance instance;
  ASSERT_TRUE(reload(instance, {{"logging.level", "error"}}, "INFO  reloaded: logging.level"));
  ASSERT_TRUE(reload(instance, {{"logging.level", "info"}}, "INFO  reloaded: logging.level"));
  ASSERT_TRUE(reload(instance, {{"logging.level", "error"}}, "INFO  reloaded: logging.level"));
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(), 0);
  EXPECT_EQ(count(instance.process().errors(), "draining"), 0u) << instance.process().errors();
}

TEST(Reload, RotatesAKeyThatStandsInAFile) {
  TemporaryDirectory folder;
  const std::string key_file = folder.write("key", "first-key\n");
  Instance instance(Settings{{"api.keys", "[\"file:" + key_file + "\"]"}});
  EXPECT_EQ(api_status(instance, "first-key"), 200u);
  EXPECT_EQ(api_status(instance, "second-key"), 401u);

  static_cast<void>(folder.write("key", "second-key\n"));
  ASSERT_TRUE(reload(instance.process(), "reloaded: api.keys"));
  // On the very connection on which the first one was good.
  EXPECT_TRUE(wait_until([&] { return api_status(instance, "first-key") == 401; }));
  EXPECT_EQ(api_status(instance, "second-key"), 200u);

  std::filesystem::remove(key_file);
  ASSERT_TRUE(reload(instance.process(), "api.keys: can't read the file \"" + key_file + "\": No such file or directory"));
  EXPECT_EQ(api_status(instance, "second-key"), 200u);
  EXPECT_EQ(count(instance.process().errors(), "first-key") + count(instance.process().errors(), "second-key"), 0u);
}

TEST(Reload, ALowerLimitClosesNobodyAndRefusesNewcomers) {
  Instance instance;
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(instance.connect("user" + std::to_string(i)));
  ASSERT_TRUE(reload(instance, {{"limits.connections", "2"}, {"limits.queue_bytes", "1KiB"}},
                     "reloaded: limits.queue_bytes, limits.connections"));
  EXPECT_EQ(upgrade_status(instance), 503u);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(instance.publish("user" + std::to_string(i), "still here").status, 200u);
    EXPECT_EQ(clients[static_cast<std::size_t>(i)].next_payload(), "still here");
  }
  ASSERT_TRUE(reload(instance, {{"limits.connections", "6"}}, "reloaded: limits.connections"));
  EXPECT_EQ(upgrade_status(instance), 101u);
}

TEST(Reload, ChangesTheOrigins) {
  Instance instance;
  EXPECT_EQ(upgrade_status(instance, "https://evil.test"), 101u);
  ASSERT_TRUE(reload(instance, {{"server.allowed_origins", "[https://app.example.com]"}}, "reloaded: server.allowed_origins"));
  EXPECT_TRUE(wait_until([&] { return upgrade_status(instance, "https://evil.test") == 403; }));
  EXPECT_EQ(upgrade_status(instance, "https://app.example.com"), 101u);
  EXPECT_EQ(upgrade_status(instance), 101u);
}

TEST(Reload, WarnsOfEachKeyThatNeedsARestart) {
  RedisServer redis;
  Instance instance(redis, {{"limits.message_bytes", "1KiB"}});
  instance.rewrite({{"limits.message_bytes", "2KiB"},
                    {"limits.connections", "9"},
                    {"server.threads", "7"},
                    {"broker.redis.password", "hush"}});
  ASSERT_TRUE(reload(instance.process(), "reloaded: limits.connections"));
  const std::string log = instance.process().errors();
  const std::string reason = ": has changed, which needs a restart: the old value stays in force\n";
  const std::string file = "WARN  " + instance.file() + ":";
  EXPECT_EQ(count(log, "needs a restart"), 3u) << log;
  EXPECT_EQ(count(log, "limits.message_bytes" + reason), 1u) << log;
  EXPECT_EQ(count(log, "server.threads" + reason), 1u) << log;
  EXPECT_EQ(count(log, "broker.redis.password" + reason), 1u) << log;
  EXPECT_EQ(count(log, file), 3u) << log;
  EXPECT_EQ(count(log, "hush"), 0u) << log;
  EXPECT_EQ(instance.publish("nobody", std::string(1500, 'x')).status, 413u);
}

/// It would end the process, keep it for 10 s, or be refused for its section.
TEST(Reload, LoadsNoOtherPlugin) {
  Instance instance;
  WebSocketClient alice = instance.connect("alice");
  const std::string folder = SIGNALBOX_TEST_PLUGINS;
  int connections = 10;
  for (const std::string& plugin : {folder + "/fatal/libsignalbox_throwing_initialiser.so",
                                    folder + "/fatal/libsignalbox_hanging_initialiser.so", std::string("pigeon")}) {
    instance.rewrite({{"broker.plugin", plugin},
                      {"broker.plugin_path", "[" + folder + "]"},
                      {"broker.pigeon.colour", "grey"},
                      {"limits.connections", std::to_string(++connections)}});
    ASSERT_TRUE(reload(instance.process(), "reloaded: limits.connections"));
    ASSERT_EQ(instance.publish("alice", plugin).status, 200u);
    EXPECT_EQ(alice.next_payload(), plugin);
  }
  const std::string log = instance.process().errors();
  EXPECT_EQ(count(log, "broker.plugin: has changed, which needs a restart: the old value stays in force\n"), 3u) << log;
  EXPECT_EQ(count(log, "ERROR"), 0u) << log;
  const std::string maps = "/proc/" + std::to_string(instance.process().pid()) + "/maps";
  std::ifstream mapped(maps);
  const std::string libraries{std::istreambuf_iterator<char>(mapped), {}};
  EXPECT_EQ(count(libraries, "initialiser"), 0u) << libraries;
}

TEST(Reload, ABrokenFileChangesNothing) {
  Instance instance(Settings{{"limits.connections", "2"}});
  WebSocketClient alice = instance.connect("alice");
  const auto broken = [&](const std::string& key, const std::string& value, const std::string& reason) {
    instance.rewrite({{key, value}});
    EXPECT_TRUE(reload(instance.process(), key + ": " + reason));
  };
  broken("limits.connections", "many", "expected a whole number, got \"many\"");
  EXPECT_EQ(count(instance.process().errors(), "ERROR not reloaded, nothing is changed: " + instance.file() + ":"), 1u)
      << instance.process().errors();
  instance.rewrite({{"limits.connections", "1"}});
  broken("limits.conections", "1", "unknown key (did you mean limits.connections?)");
  std::filesystem::remove(instance.file());
  EXPECT_TRUE(
      reload(instance.process(), "nothing is changed: " + instance.file() + ": can't be read: No such file or directory"));
  ASSERT_EQ(::mkfifo(instance.file().c_str(), 0600), 0);
  EXPECT_TRUE(reload(instance.process(), instance.file() + ": is not a regular file, so it can't be read a second time"));
  WebSocketClient second(instance.port());
  EXPECT_TRUE(second.answers_ping() && alice.answers_ping());
  EXPECT_EQ(upgrade_status(instance), 503u);
}

TEST(Reload, WhatThePluginRefusesChangesNothing) {
  RedisServer redis;
  Instance instance(redis, {{"limits.connections", "2"}});
  WebSocketClient alice = instance.connect("alice");
  instance.rewrite({{"broker.redis.url", "redis://127.0.0.1:x"}, {"limits.connections", "1"}});
  EXPECT_TRUE(reload(instance.process(), "broker.redis.url: the port is 1 to 65535"));
  EXPECT_EQ(count(instance.process().errors(), "ERROR not reloaded, nothing is changed: " + instance.file() + ":"), 1u)
      << instance.process().errors();
  WebSocketClient second(instance.port());
  EXPECT_TRUE(second.answers_ping() && alice.answers_ping());
}

TEST(Reload, FlagsAndEnvironmentStillWin) {
  Instance instance(Settings{{"limits.connections", "5"}},
                    {{"--set", "limits.connections=1"}, {"SIGNALBOX_SERVER__ALLOWED_ORIGINS=[https://app.example.com]"}});
  instance.rewrite({{"limits.connections", "9"}, {"server.allowed_origins", "[]"}, {"api.keys", "[abc]"}});
  ASSERT_TRUE(reload(instance.process(), "reloaded: api.keys"));
  WebSocketClient first(instance.port());
  EXPECT_EQ(upgrade_status(instance), 503u);
  EXPECT_EQ(upgrade_status(instance, "https://evil.test"), 403u);
}

TEST(Reload, ManyAtOnceDisturbNobody) {
  Instance instance;
  WebSocketClient alice = instance.connect("alice");
  for (int i = 0; i < 200; ++i) {
    instance.rewrite({{"limits.connections", std::to_string(100 + i)},
                      {"server.allowed_origins", i % 2 == 0 ? "[]" : "[https://app.example.com]"}});
    instance.process().signal(SIGHUP);
    instance.process().signal(SIGHUP);
    ASSERT_EQ(instance.publish("alice", std::to_string(i)).status, 200u);
  }
  for (int i = 0; i < 200; ++i) ASSERT_EQ(alice.next_payload(), std::to_string(i));
  instance.rewrite({{"limits.connections", "1"}});
  instance.process().signal(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return upgrade_status(instance) == 503; })) << "the last one counts";
  EXPECT_TRUE(alice.answers_ping());
}

TEST(Reload, WorksWhileTheBrokerIsAway) {
  RedisServer redis;
  redis.kill();
  Instance instance(Instance::Unready{}, redis);
  ASSERT_TRUE(reload(instance, {{"limits.connections", "1"}}, "reloaded: limits.connections"));
  WebSocketClient first(instance.port());
  EXPECT_EQ(upgrade_status(instance), 503u);
  redis.restart();
  EXPECT_TRUE(wait_until([&] { return instance.ready(); }));
}

TEST(Reload, IsRefusedWhileDraining) {
  Instance instance(Settings{{"server.drain_timeout", "20s"}});
  std::vector<WebSocketClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(instance.connect("user" + std::to_string(i)));
  instance.process().signal(SIGTERM);
  ASSERT_TRUE(instance.process().wait_for_errors("draining"));
  instance.rewrite({{"limits.connections", "1"}});
  EXPECT_TRUE(reload(instance.process(), "SIGHUP: not reloaded while draining"));
  EXPECT_EQ(count(instance.process().errors(), "second signal"), 0u);
  EXPECT_TRUE(instance.process().running());
}

/// `serve` without -c, in a folder of its own.
class ReloadWithoutFlag : public testing::Test {
 protected:
  void start(std::vector<std::string> more = {}) {
    std::vector<std::string> command{binary(), "serve", "--broker", "memory", "--listen", "127.0.0.1:0"};
    for (const char* set : {"api.listen=127.0.0.1:0", "logging.file="}) command.insert(command.end(), {"--set", set});
    command.insert(command.end(), more.begin(), more.end());
    process = std::make_unique<Process>(std::move(command), Process::Options{{}, folder.path().string(), {}, 0});
    ASSERT_TRUE(process->wait_for_errors("ready:")) << process->errors();
  }
  void write(const std::string& text) const {
    std::filesystem::create_directory(folder.path() / "configs");
    static_cast<void>(folder.write("configs/signalbox.yaml", text));
  }

  TemporaryDirectory folder;
  std::unique_ptr<Process> process;
};

TEST_F(ReloadWithoutFlag, SaysThatThereIsNoFileAndTakesOneThatCame) {
  start();
  ASSERT_TRUE(reload(*process, "reloaded: nothing has changed (there is no file: environment, flags and defaults only)"));
  write("limits: {connections: 7}\n");
  ASSERT_TRUE(reload(*process, "reloaded: limits.connections"));
}

TEST_F(ReloadWithoutFlag, DoesNotFallBackToTheDefaultsWhenTheFileVanishes) {
  write("limits: {connections: 7}\napi: {keys: [abc]}\n");
  start();
  std::filesystem::remove(folder.path() / "configs/signalbox.yaml");
  ASSERT_TRUE(
      reload(*process, "not reloaded, nothing is changed: configs/signalbox.yaml: can't be read: No such file or directory"));
  write("limits: {connections: 8}\napi: {keys: [abc]}\n");
  ASSERT_TRUE(reload(*process, "reloaded: limits.connections"));
}

}  // namespace
}  // namespace signalbox::test
