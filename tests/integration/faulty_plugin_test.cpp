// Plugins that go wrong while the server runs: what is told, what callers get, and that the server stays up where it can.
#include <csignal>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/instance.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

const std::string kFolder = SIGNALBOX_TEST_PLUGINS;
const std::string kFaulty = kFolder + "/libsignalbox_faulty.so";

/// The number of lines of the log that hold `text`.
int count(const std::string& log, const std::string& text) {
  int found = 0;
  for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++found;
  return found;
}

/// One instance with the plugin that does `fault`, and what it says of it.
class FaultyPlugin {
 public:
  explicit FaultyPlugin(const std::string& fault) : instance_(settings(fault)) {}
  FaultyPlugin(Instance::Unready unready, const std::string& fault) : instance_(unready, settings(fault)) {}

  Instance* operator->() noexcept { return &instance_; }

  /// Whether the log holds `text` after the plugin's name and file, once.
  testing::AssertionResult says(const std::string& text) {
    const std::string line = "broker.faulty: " + kFaulty + " " + text;
    if (!instance_.process().wait_for_errors(line)) {
      return testing::AssertionFailure() << "no '" << line << "' in:\n" << instance_.process().errors();
    }
    if (count(instance_.process().errors(), text) == 1) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "more than once:\n" << instance_.process().errors();
  }
  /// The exit code after SIGTERM.
  std::optional<int> stop() {
    instance_.process().signal(SIGTERM);
    return instance_.process().wait();
  }

 private:
  static Settings settings(const std::string& fault) {
    return {{"broker.plugin", kFaulty},
            {"broker.faulty.fault", fault},
            {"broker.timeout", "500ms"},
            {"server.threads", "1"},
            {"server.drain_timeout", "1s"}};
  }
  Instance instance_;
};

TEST(FaultyPlugin, IsAGoodOneWithoutAFault) {
  FaultyPlugin plugin("none");
  WebSocketClient alice = plugin->connect("alice");
  EXPECT_EQ(plugin->publish("alice", "hello").status, 200);
  EXPECT_EQ(alice.next_payload(), "hello");
  EXPECT_EQ(plugin->publish("bob", "hello").status, 404);
  EXPECT_EQ(plugin.stop(), 0);
  EXPECT_EQ(plugin->process().errors().find("ERROR"), std::string::npos) << plugin->process().errors();
}

TEST(FaultyPlugin, ThatHangsInStartIsNamedAndLeavesAServerThatIsNotReady) {
  FaultyPlugin plugin(Instance::Unready{}, "start_hangs");
  EXPECT_NE(plugin->http().get("/readyz").body.find(kFaulty + " has not returned from start() within 5 s"), std::string::npos);
  EXPECT_EQ(plugin->http().get("/healthz").status, 200);
  EXPECT_EQ(plugin->publish("alice", "hello").status, 503);
  EXPECT_EQ(plugin.stop(), 1);
  EXPECT_TRUE(plugin.says("has not returned from start() in time: it hangs and is left behind"));
}

TEST(FaultyPlugin, ThatIsSlowInStartHasFailedForGood) {
  FaultyPlugin plugin(Instance::Unready{}, "start_is_slow");
  EXPECT_TRUE(plugin.says("reports a state after its start() has failed for good: ignored until the restart"));
  EXPECT_EQ(count(plugin->process().errors(), "has not returned from start() within 5 s"), 1) << plugin->process().errors();
  EXPECT_FALSE(plugin->ready());
  EXPECT_EQ(plugin->publish("alice", "hello").status, 503);
  EXPECT_EQ(plugin.stop(), 0);
}

/// The drain's time begins with the drain, which waits for the start.
TEST(FaultyPlugin, ThatTakesItsTimeToStartIsLeftInOrder) {
  TemporaryDirectory directory;
  const std::string file = directory.write("signalbox.yaml", yaml({{"broker.plugin", kFaulty},
                                                                   {"broker.faulty.fault", "start_takes_its_time"},
                                                                   {"server.listen", "127.0.0.1:0"},
                                                                   {"server.drain_timeout", "100ms"},
                                                                   {"api.listen", "127.0.0.1:0"},
                                                                   {"logging.file", "\"\""}}));
  Process process({binary(), "serve", "-c", file});
  ASSERT_TRUE(process.wait_for_errors("starts")) << process.errors();
  process.signal(SIGTERM);
  EXPECT_EQ(process.wait(), 0) << process.errors();
}

TEST(FaultyPlugin, ThatNeverCompletesACallHasItCompletedForIt) {
  FaultyPlugin plugin("never_completes");
  WebSocketClient alice = plugin->connect("alice");
  for (int i = 0; i < 2; ++i) {
    const HttpResponse answer = plugin->publish("alice", "hello");
    EXPECT_EQ(answer.status, 504);
    EXPECT_NE(answer.body.find("unknown_outcome"), std::string::npos) << answer.body;
  }
  EXPECT_TRUE(plugin.says("has not completed a call within 500 ms and 1000 more"));
  EXPECT_TRUE(alice.answers_ping());
  EXPECT_EQ(plugin.stop(), 0);
}

TEST(FaultyPlugin, ThatHangsInAVerbIsNamedAndDoesNotKeepTheProcess) {
  FaultyPlugin plugin("publish_hangs");
  WebSocketClient alice = plugin->connect("alice");
  RawSocket backend(plugin->api_port());
  backend.send("POST /api/v1/users/alice/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_TRUE(plugin.says("has not returned from a call within 500 ms and 1000 more: the thread that made it hangs"));
  EXPECT_TRUE(alice.answers_ping()) << "the clients' threads go on";
  EXPECT_EQ(plugin.stop(), 1);
  EXPECT_EQ(count(plugin->process().errors(), "a thread hangs, perhaps in broker plugin " + kFaulty), 1)
      << plugin->process().errors();
}

TEST(FaultyPlugin, ThatHangsInStopIsNamedAndLeftBehind) {
  FaultyPlugin plugin("stop_hangs");
  EXPECT_EQ(plugin.stop(), 1);
  EXPECT_TRUE(plugin.says("has not returned from stop() in time: it hangs and is left behind"));
}

TEST(FaultyPlugin, ThatHangsAsItIsDestroyedFailsServeAlone) {
  FaultyPlugin plugin("destroy_hangs");
  EXPECT_EQ(plugin.stop(), 1) << plugin->process().errors();
  const CommandResult check = signalbox({"check", "-c", plugin->file()});
  EXPECT_EQ(check.exit_code, 0) << check.errors;
  EXPECT_NE(check.output.find("broker:"), std::string::npos) << check.output;
}

TEST(FaultyPlugin, ThatCallsAfterStopIsIgnored) {
  FaultyPlugin plugin("late");
  WebSocketClient alice = plugin->connect("alice");
  EXPECT_EQ(plugin->publish("alice", "hello").status, 200);
  EXPECT_EQ(plugin.stop(), 0);
  EXPECT_TRUE(plugin.says("calls the host after its stop(): ignored"));
}

TEST(FaultyPlugin, ThatCompletesTwiceIsIgnoredTheSecondTime) {
  FaultyPlugin plugin("twice");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(plugin->publish("alice", "hello").status, 404);
  EXPECT_TRUE(plugin.says("completes a call that is not in flight"));
  EXPECT_EQ(plugin.stop(), 0);
}

TEST(FaultyPlugin, ThatCompletesACallNeverMadeIsIgnored) {
  FaultyPlugin plugin("another_call");
  EXPECT_EQ(plugin->publish("alice", "hello").status, 404);
  EXPECT_TRUE(plugin.says("completes a call that is not in flight"));
}

TEST(FaultyPlugin, ThatGivesAnUnknownStatusHasFailedInternally) {
  FaultyPlugin plugin("unknown_status");
  EXPECT_EQ(plugin->publish("alice", "hello").status, 500);
  EXPECT_TRUE(plugin.says("gives a status that is none, 77"));
}

TEST(FaultyPlugin, ThatReportsAnUnknownStateIsNotReady) {
  FaultyPlugin plugin("unknown_state");
  plugin->publish("alice", "hello");
  EXPECT_TRUE(plugin.says("gives a state that is none, 99"));
  EXPECT_EQ(plugin->http().get("/readyz").status, 503);
}

TEST(FaultyPlugin, ThatDeliversToChannelsNobodySubscribedHarmsNobody) {
  FaultyPlugin plugin("stranger");
  WebSocketClient alice = plugin->connect("alice");
  plugin->publish("alice", "hello");
  EXPECT_EQ(plugin->metric("signalbox_dropped_total", "no_receiver"), 1);
  EXPECT_TRUE(alice.answers_ping());
}

TEST(FaultyPlugin, ThatDeliversNullDeliversNoBytes) {
  FaultyPlugin plugin("nulls");
  WebSocketClient alice = plugin->connect("alice");
  plugin->publish("alice", "hello");
  EXPECT_EQ(alice.next_payload(), "");
}

TEST(FaultyPlugin, ThatReportsAGapOfManyChannelsReachesThoseThatThereAre) {
  FaultyPlugin plugin("many_gaps");
  WebSocketClient alice = plugin->connect_envelope("alice");
  plugin->publish("alice", "hello");
  EXPECT_NE(alice.next_payload().find(R"("type":"gap","reason":"many")"), std::string::npos);
}

TEST(FaultyPlugin, MayCallFromManyThreadsAtOnce) {
  FaultyPlugin plugin("many_threads");
  WebSocketClient alice = plugin->connect("alice");
  EXPECT_EQ(plugin->publish("alice", "hello").status, 200);
  for (int i = 0; i < 8 * 300; ++i) ASSERT_EQ(alice.next_payload(), "from a thread");
  EXPECT_TRUE(wait_until([&] { return plugin->ready(); }));
  EXPECT_EQ(plugin.stop(), 0);
}

/// What a `serve` with these settings says to its end, which comes by itself or by a publish to alice.
std::string crash_of(const Settings& settings, bool publish) {
  TemporaryDirectory directory;
  Settings all{{"server.listen", "127.0.0.1:0"}, {"api.listen", "127.0.0.1:0"}, {"logging.file", "\"\""}};
  all.insert(settings.begin(), settings.end());
  Process process({binary(), "serve", "-c", directory.write("signalbox.yaml", yaml(all))});
  std::optional<RawSocket> backend;
  if (publish) {
    EXPECT_TRUE(process.wait_for_errors(" broker=")) << process.errors();
    const std::string log = process.errors();
    backend.emplace(static_cast<std::uint16_t>(std::stoi(log.substr(log.find(" api=127.0.0.1:") + 15))));
    backend->send("POST /api/v1/users/alice/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx");
  }
  EXPECT_NE(process.wait().value_or(0), 0) << "it goes on";
  return process.errors();
}

TEST(PluginCrash, IsNamedBeforeTheProcessDies) {
  const std::string said = crash_of({{"broker.plugin", kFaulty}, {"broker.faulty.fault", "crashes"}}, true);
  EXPECT_EQ(count(said, "signalbox: crash: SIGSEGV in the code of broker plugin " + kFaulty + "\n"), 1) << said;
}

TEST(PluginCrash, OfAnExceptionInItsOwnThreadGivesItsText) {
  const std::string file = kFolder + "/libsignalbox_throwing.so";
  const std::string said = crash_of({{"broker.plugin", file}, {"broker.throwing.where", "thread"}}, false);
  EXPECT_EQ(count(said, "signalbox: crash: an exception that nobody caught: thrown by thread; broker plugins loaded: " + file),
            1)
      << said;
}

TEST(ThrowingPlugin, ThatThrowsInStartIsNotReadyAndSaysWhy) {
  const std::string file = kFolder + "/libsignalbox_throwing.so";
  Instance instance(Instance::Unready{}, {{"broker.plugin", file}, {"broker.throwing.where", "start"}});
  EXPECT_NE(instance.http().get("/readyz").body.find("config: thrown by start"), std::string::npos);
}

TEST(ThrowingPlugin, GivesCallersTheTextOfWhatAVerbThrew) {
  Instance instance({{"broker.plugin", kFolder + "/libsignalbox_throwing.so"}, {"server.drain_timeout", "1s"}});
  const HttpResponse answer = instance.publish("alice", "hello");
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("thrown by publish"), std::string::npos) << answer.body;
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(), 0);
}

TEST(ThrowingPlugin, ThatLetsExceptionsOutOfTheCTableDoesNotEndTheServer) {
  const std::string file = kFolder + "/libsignalbox_escaping.so";
  Instance instance({{"broker.plugin", file}, {"server.drain_timeout", "1s"}});
  const HttpResponse answer = instance.publish("alice", "hello");
  EXPECT_EQ(answer.status, 500);
  EXPECT_NE(answer.body.find("publish() threw: let out"), std::string::npos) << answer.body;
  EXPECT_EQ(instance.http().get("/api/v1/users/alice").status, 500);
  instance.process().signal(SIGTERM);
  EXPECT_EQ(instance.process().wait(), 0);
  const std::string log = instance.process().errors();
  EXPECT_EQ(count(log, "broker.escaping: " + file), 1) << log;
}

}  // namespace
}  // namespace signalbox::test
