// The commands of the executable: exit codes, what they print and where.
#include <csignal>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A running `signalbox listen`.
std::unique_ptr<Process> listen(const Instance& instance, std::vector<std::string> arguments) {
  std::vector<std::string> command{binary(), "listen"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--url", "ws://127.0.0.1:" + std::to_string(instance.port()) + "/"});
  return std::make_unique<Process>(std::move(command));
}

class Configured : public testing::Test {
 protected:
  std::string file(const Settings& settings) { return directory_.write("signalbox.yaml", yaml(settings)); }
  TemporaryDirectory directory_;
};

TEST_F(Configured, CheckPrintsTheEffectiveConfigurationWithSecretsMasked) {
  const std::string path = file({{"broker.redis.url", "redis://user:s3cret@localhost:6379/0"},
                                 {"api.keys", "[k3y-one]"},
                                 {"limits.message_bytes", "32KiB"}});
  const CommandResult result = signalbox({"check", "-c", path, "--set", "limits.ping_interval=7s"},
                                         {{"SIGNALBOX_SERVER__LISTEN=127.0.0.1:9999"}, {}, {}, 0});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_TRUE(contains(result.output, "***"));
  for (const char* secret : {"s3cret", "k3y-one"}) {
    EXPECT_FALSE(contains(result.output + result.errors, secret)) << secret;
  }
  EXPECT_TRUE(contains(result.output, "32KiB"));
  EXPECT_TRUE(contains(result.output, "127.0.0.1:9999")) << "the environment";
  EXPECT_TRUE(contains(result.output, "ping_interval: 7s")) << "the flag";

  const CommandResult key = signalbox({"check", "-c", file({{"broker.redis.password", "pa55word"}})});
  EXPECT_EQ(key.exit_code, 0) << key.errors;
  EXPECT_FALSE(contains(key.output + key.errors, "pa55word"));
}

TEST_F(Configured, CheckReadsItsOwnOutput) {
  const std::string path = file({{"broker.plugin", "redis"}});
  const CommandResult first = signalbox({"check", "-c", path});
  ASSERT_EQ(first.exit_code, 0) << first.errors;
  const CommandResult second = signalbox({"check", "-c", directory_.write("again.yaml", first.output)});
  EXPECT_EQ(second.exit_code, 0) << second.errors;
  EXPECT_EQ(second.output, first.output);
}

TEST_F(Configured, FaultsNameFileLineColumnAndTheLikelyKey) {
  for (const char* command : {"check", "serve"}) {
    const std::string path = directory_.write("bad.yaml", "server:\n  listen: 127.0.0.1:0\nlimits:\n  mesage_bytes: 1KiB\n");
    const CommandResult result = signalbox({command, "-c", path});
    EXPECT_EQ(result.exit_code, 2) << command;
    EXPECT_TRUE(contains(result.errors, path + ":4:3: ")) << result.errors;
    EXPECT_TRUE(contains(result.errors, "limits.mesage_bytes")) << result.errors;
    EXPECT_TRUE(contains(result.errors, "did you mean")) << result.errors;
    EXPECT_TRUE(contains(result.errors, "message_bytes")) << result.errors;
  }
}

TEST_F(Configured, FaultsAreAlsoTypesRangesFilesAndTheEnvironment) {
  const auto code = [&](const Settings& settings, std::vector<std::string> environment = {}) {
    return signalbox({"check", "-c", file(settings)}, {std::move(environment), {}, {}, 0}).exit_code;
  };
  EXPECT_EQ(code({{"limits.message_bytes", "lots"}}), 2);
  EXPECT_EQ(code({{"server.threads", "-1"}}), 2);
  EXPECT_EQ(code({{"server.listen", "[1, 2]"}}), 2);
  EXPECT_EQ(code({{"broker.redis.colour", "red"}}), 2);
  EXPECT_EQ(code({}, {"SIGNALBOX_LIMITS__NONSENSE=1"}), 2);
  EXPECT_EQ(code({}, {"SIGNALBOX_NONSENSE=1"}), 0) << "a name without __ is not ours";
  EXPECT_EQ(signalbox({"check", "-c", "/nonexistent/file.yaml"}).exit_code, 2);
  EXPECT_EQ(signalbox({"check", "-c", file({}), "--set", "no.such=1"}).exit_code, 2);
  EXPECT_EQ(signalbox({"check", "-c", directory_.write("broken.yaml", "server: [\n")}).exit_code, 2);
}

TEST_F(Configured, FaultsThatThePluginFindsNameTheirPlaceAsWell) {
  const std::string words = "broker.redis.url: begins with redis://, or rediss:// for TLS\n";
  const std::string url = directory_.write("url.yaml", "broker:\n  redis:\n    url: http://x\n");
  EXPECT_EQ(signalbox({"check", "-c", url}).errors, "signalbox: " + url + ":3:10: " + words);
  const std::string none = directory_.write("none.yaml", "{}\n");
  EXPECT_EQ(signalbox({"check", "-c", none, "--set", "broker.redis.url=x:y"}).errors, "signalbox: --set " + words);
  EXPECT_EQ(signalbox({"check", "-c", none}, {{"SIGNALBOX_BROKER__REDIS__URL=x:y"}, {}, {}, 0}).errors,
            "signalbox: SIGNALBOX_BROKER__REDIS__URL: " + words);
  // What is missing has no place of its own.
  const std::string login = directory_.write("login.yaml", "broker:\n  redis:\n    username: ws\n");
  EXPECT_EQ(signalbox({"check", "-c", login}).errors,
            "signalbox: " + login + ":2:3: broker.redis.password: is missing for the username\n");
}

TEST_F(Configured, CheckAsksEveryPluginThatHasASection) {
  const std::string other =
      directory_.write("other.yaml", "broker:\n  plugin: redis\n  nats:\n    username: ws\n    url: nats://x\n");
  const CommandResult result = signalbox({"check", "-c", other});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.errors, "signalbox: " + other + ":4:15: broker.nats.username and password: set both or none\n");
}

TEST_F(Configured, ServeRefusesAnOpenApiBeyondLoopback) {
  const std::string path = file({{"api.listen", "0.0.0.0:0"}, {"server.listen", "127.0.0.1:0"}, {"broker.plugin", "memory"}});
  const CommandResult result = signalbox({"serve", "-c", path});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_TRUE(contains(result.errors, "api.keys")) << result.errors;
}

TEST(Serving, SaysInTheLogThatTheBrokerIsAway) {
  RedisServer redis;
  redis.kill();
  Instance instance(Instance::Unready{}, redis);
  EXPECT_TRUE(instance.process().wait_for_errors("WARN  not ready for 3 s: broker connecting; "));
  EXPECT_TRUE(instance.process().wait_for_errors("Connection refused")) << instance.process().errors();
}

TEST_F(Configured, ServeExitsWith1WhenTheAddressIsInUse) {
  Instance running;
  for (const char* key : {"server.listen", "api.listen"}) {
    Settings settings{
        {"server.listen", "127.0.0.1:0"}, {"api.listen", "127.0.0.1:0"}, {"broker.plugin", "memory"}, {"logging.file", "\"\""}};
    const std::string taken =
        "127.0.0.1:" + std::to_string(std::string(key) == "api.listen" ? running.api_port() : running.port());
    settings[key] = taken;
    const CommandResult result = signalbox({"serve", "-c", file(settings)});
    EXPECT_EQ(result.exit_code, 1) << key << result.errors;
    EXPECT_TRUE(contains(result.errors, taken)) << result.errors;
  }
}

TEST_F(Configured, ServeSaysTheRealPortsWhenItWasGivenZero) {
  Instance instance;
  EXPECT_NE(instance.port(), 0);
  EXPECT_NE(instance.api_port(), 0);
  EXPECT_NE(instance.port(), instance.api_port());
  EXPECT_TRUE(WebSocketClient(instance.port()).answers_ping());
}

TEST_F(Configured, ServeTakesListenAndBrokerAsFlags) {
  const std::uint16_t port = free_port();
  Process process({binary(), "serve", "-c", file({{"logging.file", "\"\""}, {"api.listen", "127.0.0.1:0"}}), "--broker",
                   "memory", "--listen", "127.0.0.1:" + std::to_string(port)});
  ASSERT_TRUE(process.wait_for_errors("broker=memory")) << process.errors();
  EXPECT_TRUE(WebSocketClient(port).answers_ping());
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0);
}

TEST_F(Configured, ServeOutlivesItsTerminal) {
  Instance instance;
  WebSocketClient alice = instance.connect("alice");
  instance.process().signal(SIGHUP);
  EXPECT_TRUE(instance.process().wait_for_errors("reloaded: nothing has changed"));
  EXPECT_TRUE(alice.answers_ping());
}

TEST_F(Configured, PublishAndExistsAskTheBroker) {
  RedisServer redis;
  Instance instance(redis);
  WebSocketClient alice = instance.connect("alice");
  EXPECT_EQ(signalbox({"exists", "Alice", "-c", instance.file()}).exit_code, 0);
  EXPECT_EQ(signalbox({"exists", "bob", "-c", instance.file()}).exit_code, 3);

  const CommandResult sent = signalbox({"publish", "alice", "from a shell", "-c", instance.file()});
  EXPECT_EQ(sent.exit_code, 0) << sent.errors;
  std::optional<WebSocketMessage> message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, "from a shell");
  EXPECT_TRUE(message->is_text);
  EXPECT_EQ(signalbox({"publish", "bob", "hello", "-c", instance.file()}).exit_code, 3);
}

TEST_F(Configured, PublishTakesStandardInputByteForByte) {
  RedisServer redis;
  Instance instance(redis);
  WebSocketClient alice = instance.connect("alice");
  EXPECT_EQ(signalbox({"publish", "alice", "-", "-c", instance.file()}, {{}, {}, "two\nlines\n", 0}).exit_code, 0);
  EXPECT_EQ(alice.next_payload(), "two\nlines\n");
  const std::string bytes("\0\xff\n", 3);
  EXPECT_EQ(signalbox({"publish", "alice", "-", "--binary", "-c", instance.file()}, {{}, {}, bytes, 0}).exit_code, 0);
  const std::optional<WebSocketMessage> message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, bytes);
  EXPECT_FALSE(message->is_text);
}

TEST_F(Configured, PublishAndExistsExitWith1WhenTheBrokerIsAway) {
  const std::string path =
      file({{"broker.redis.url", "redis://127.0.0.1:" + std::to_string(free_port())}, {"broker.timeout", "500ms"}});
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"publish", "alice", "hello", "-c", path}, {"exists", "alice", "-c", path}}) {
    const CommandResult result = signalbox(arguments);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_FALSE(result.errors.empty());
  }
}

TEST_F(Configured, PublishAndExistsServeWhomTheyCanWhereOneOfTwoShardsIsAway) {
  RedisServer one, other;
  Instance instance({{"broker.plugin", "redis"},
                     {"broker.redis.mode", "shards"},
                     {"broker.redis.urls", "[" + one.url() + ", " + other.url() + "]"},
                     {"broker.timeout", "1s"}});
  WebSocketClient alice = instance.connect("alice");
  (one.subscribers("alice") == 1 ? other : one).kill();
  EXPECT_EQ(signalbox({"exists", "alice", "-c", instance.file()}).exit_code, 0);
  const CommandResult sent = signalbox({"publish", "alice", "from a shell", "-c", instance.file()});
  EXPECT_EQ(sent.exit_code, 0) << sent.errors;
  EXPECT_EQ(alice.next_payload(), "from a shell");
  // About half of all users are the other shard's.
  CommandResult refused;
  for (int i = 0; i < 20 && refused.exit_code != 1; ++i) {
    refused = signalbox({"exists", "user" + std::to_string(i), "-c", instance.file()});
    EXPECT_TRUE(refused.exit_code == 1 || refused.exit_code == 3) << refused.errors;
  }
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_TRUE(contains(refused.errors, "command connection")) << refused.errors;
}

TEST_F(Configured, PublishAndExistsAreWrongUsageWithTheMemoryBroker) {
  EXPECT_EQ(signalbox({"publish", "alice", "hello", "--broker", "memory"}).exit_code, 2);
  EXPECT_EQ(signalbox({"exists", "alice", "--broker", "memory"}).exit_code, 2);
}

TEST(Listen, PrintsPayloadsUntilItIsInterrupted) {
  Instance instance;
  const auto process = listen(instance, {"alice"});
  ASSERT_TRUE(wait_until([&] { return instance.exists("alice"); })) << process->errors();
  EXPECT_EQ(instance.publish("alice", "first").status, 200u);
  EXPECT_EQ(instance.publish("alice", "second").status, 200u);
  ASSERT_TRUE(process->wait_for_output("second\n"));
  EXPECT_EQ(process->output(), "first\nsecond\n");
  process->signal(SIGINT);
  EXPECT_EQ(process->wait(), 0);
}

TEST(Listen, NamesTheUserWhenThereAreSeveral) {
  Instance instance;
  const auto process = listen(instance, {"alice", "bob"});
  ASSERT_TRUE(wait_until([&] { return instance.exists("alice") && instance.exists("bob"); })) << process->errors();
  instance.publish("bob", "hi");
  EXPECT_TRUE(process->wait_for_output("bob\thi\n")) << process->output();
}

TEST(Listen, PrintsNdjsonOnRequest) {
  Instance instance;
  const auto process = listen(instance, {"alice", "--json"});
  ASSERT_TRUE(wait_until([&] { return instance.exists("alice"); })) << process->errors();
  instance.publish("alice", "line\nbreak");
  ASSERT_TRUE(process->wait_for_output("break"));
  ASSERT_TRUE(process->wait_for_output("\n"));
  const std::string line = process->output().substr(0, process->output().find('\n'));
  EXPECT_FALSE(json(line).empty()) << line;
  EXPECT_TRUE(contains(line, "line\\nbreak")) << line;
}

TEST(Listen, ExitsWith1WhenTheServerIsLostOrRefuses) {
  Instance instance;
  const auto lost = listen(instance, {"alice"});
  ASSERT_TRUE(wait_until([&] { return instance.exists("alice"); }));
  instance.process().kill();
  EXPECT_EQ(lost->wait(), 1);
  EXPECT_FALSE(lost->errors().empty());
  EXPECT_EQ(signalbox({"listen", "alice", "--url", "ws://127.0.0.1:" + std::to_string(free_port()) + "/"}).exit_code, 1);
}

TEST(Listen, TellsWhatTheServerSaysOfARefusal) {
  Instance instance(Settings{{"limits.connections", "1"}});
  const WebSocketClient first = instance.connect("alice");
  const std::string url = "ws://127.0.0.1:" + std::to_string(instance.port());
  const CommandResult full = signalbox({"listen", "bob", "--url", url});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_EQ(full.errors, "bob: refused: 503 Service Unavailable: limits.connections reached\n");
  const CommandResult elsewhere = signalbox({"listen", "bob", "--url", url + "/elsewhere"});
  EXPECT_EQ(elsewhere.exit_code, 1);
  EXPECT_EQ(elsewhere.errors, "bob: refused: 404 Not Found: not found\n");
}

TEST(Listen, GivesUpAServerThatDoesNotAnswer) {
  Instance instance;
  instance.process().freeze();  // its system still takes connections
  const auto process = listen(instance, {"alice"});
  EXPECT_EQ(process->wait(3 * kPatience), 1);
  EXPECT_EQ(process->errors(), "alice: no answer within 10 s\n");
  instance.process().thaw();
}

TEST(Listen, IsWrongUsageOfAUrlOrANameThatCanBeNone) {
  for (const char* url : {"ws://127.0.0.1:0/", "ws://127.0.0.1:65536/", "ws://127.0.0.1:99999/", "ws://127.0.0.1:x/",
                          "ws://:1/", "http://127.0.0.1/", "127.0.0.1:8765", ""}) {
    EXPECT_EQ(signalbox({"listen", "alice", "--url", url}).exit_code, 2) << url;
  }
  for (const std::string& user : {std::string("a\x1b[2J"), std::string(257, 'a'), std::string()}) {
    const CommandResult result = signalbox({"listen", "alice", user});
    EXPECT_EQ(result.exit_code, 2) << result.errors;
    EXPECT_FALSE(contains(result.errors, "\x1b")) << result.errors;
  }
}

TEST(Output, ThatCanNotBeWrittenIsAFailure) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"check", "--broker", "memory"}, {"plugins"}, {"--help"}, {"--version"}, {"serve", "--help"}}) {
    std::vector<std::string> command{"/bin/sh", "-c", R"(exec "$0" "$@" > /dev/full)", binary()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Process process(command);
    EXPECT_EQ(process.wait(), 1) << arguments.front();
    EXPECT_EQ(process.errors().substr(0, 28), "signalbox: standard output: ") << arguments.front();
  }
}

TEST(Plugins, AreListedWithNameVersionAbiPathAndOptions) {
  const CommandResult result = signalbox({"plugins"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  for (const char* part : {"redis", "memory", "libsignalbox_redis.so", "url", "password: text, secret"})
    EXPECT_TRUE(contains(result.output, part)) << part;
}

}  // namespace
}  // namespace signalbox::test
