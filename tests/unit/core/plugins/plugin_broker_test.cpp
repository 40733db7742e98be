#include "core/plugins/plugin_broker.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "core/fault.hpp"
#include "tests/support/deadline.hpp"
#include "tests/unit/core/plugins/line_host.hpp"

namespace signalbox {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

signalbox_view view(std::string_view text) { return {text.data(), text.size()}; }
std::string text(signalbox_view from) { return {from.data, from.size}; }

/// The plugin's side, as a C author writes it: a table and what it has been asked. There is one at a time.
struct FakePlugin {
  signalbox_broker table{};
  const signalbox_host* host = nullptr;
  std::vector<std::string> calls;
  std::vector<std::uint64_t> ops;  // of the verbs, in call order
  std::vector<std::string> settings;
  signalbox_capabilities capabilities{};
  std::string create_error;
  bool completes_at_stop = false;
  bool silent = false;  // create() gives neither a broker nor words
  bool throws = false;  // every function does, against the rules
  std::function<void()> during_create;
  std::function<void()> during_start;
  std::function<void()> during_stop;

  void may_throw(const char* what) const {
    if (throws) throw std::runtime_error(what);
  }

  void complete(std::uint64_t op, std::int32_t status = SIGNALBOX_OK, std::string_view detail = {}, std::uint64_t receivers = 0,
                std::int32_t precision = SIGNALBOX_UNKNOWN, std::int32_t exists = 0) const {
    const signalbox_result result{sizeof(signalbox_result), status, view(detail), receivers, precision, exists};
    host->complete(host->context, op, &result);
  }
};

FakePlugin* fake = nullptr;

void note_verb(std::uint64_t op, std::string call) {
  fake->ops.push_back(op);
  fake->calls.push_back(std::move(call));
  fake->may_throw("verb failed");
}

signalbox_broker whole_table() {
  signalbox_broker table{};
  table.struct_size = sizeof table;
  table.self = fake;
  table.start = [](void* self) {
    static_cast<FakePlugin*>(self)->calls.emplace_back("start");
    if (fake->during_start) fake->during_start();
    fake->may_throw("start failed");
  };
  table.subscribe = [](void*, std::uint64_t op, signalbox_view channel) { note_verb(op, "subscribe " + text(channel)); };
  table.unsubscribe = [](void*, std::uint64_t op, signalbox_view channel) { note_verb(op, "unsubscribe " + text(channel)); };
  table.publish = [](void*, std::uint64_t op, signalbox_view channel, signalbox_view payload) {
    note_verb(op, "publish " + text(channel) + "=" + text(payload));
  };
  table.exists = [](void*, std::uint64_t op, signalbox_view channel) { note_verb(op, "exists " + text(channel)); };
  table.capabilities = [](void*, signalbox_capabilities* out) {
    fake->may_throw("capabilities failed");
    const std::uint32_t size = out->struct_size;
    *out = fake->capabilities;
    out->struct_size = size;
  };
  table.stop = [](void*, std::uint32_t deadline_ms) {
    fake->calls.push_back("stop " + std::to_string(deadline_ms));
    if (fake->during_stop) fake->during_stop();
    if (fake->completes_at_stop) {
      for (const std::uint64_t op : fake->ops) fake->complete(op, SIGNALBOX_CLOSED, "stopping");
    }
    fake->may_throw("stop failed");
  };
  table.destroy = [](void*) {
    fake->calls.emplace_back("destroy");
    fake->may_throw("destroy failed");
  };
  return table;
}

const signalbox_broker* create(const signalbox_host* host, const signalbox_setting* settings, std::size_t count, char* error,
                               std::size_t error_size) {
  fake->host = host;
  fake->may_throw("create failed");
  if (fake->during_create) fake->during_create();
  if (fake->silent) return nullptr;
  for (std::size_t i = 0; i < count; ++i) fake->settings.push_back(text(settings[i].key) + "=" + text(settings[i].value));
  if (fake->create_error.empty()) return &fake->table;
  fake->create_error.copy(error, error_size);  // without a NUL if it is too long
  return nullptr;
}

/// Every slot of the host that tells it something.
void report_everything(const signalbox_host& host) {
  const signalbox_message message{view("a"), view("1")};
  host.deliver(host.context, &message, 1);
  host.gap(host.context, nullptr, 0, view("link lost"));
  host.state(host.context, SIGNALBOX_READY, nullptr, 0);
  host.refused(host.context, view("a"), SIGNALBOX_REJECTED, view("NOPERM"));
  host.log(host.context, SIGNALBOX_LOG_ERROR, view("here"));
}

class PluginBrokerTest : public testing::Test {
 protected:
  PluginBrokerTest() {
    fake = &plugin_;
    plugin_.table = whole_table();
  }
  ~PluginBrokerTest() override {
    broker_.reset();
    fake = nullptr;
  }

  void make(const Settings& settings = {}) {
    signalbox_plugin descriptor{};
    descriptor.struct_size = sizeof descriptor;
    descriptor.name = "fake";
    descriptor.version = "1";
    descriptor.create = create;
    broker_ = make_plugin_broker(descriptor, host_, settings, "/lib/fake.so");
  }

  void make_and_start() {
    make();
    broker_->start(host_);
    plugin_.calls.clear();
  }

  /// Why no broker could be made.
  std::string refusal() {
    try {
      make();
      return "";
    } catch (const ConfigError& e) {
      return e.what();
    }
  }

  /// Completions that write their outcome down, with `tag` before it.
  Done done(std::string tag) {
    return [this, tag = std::move(tag)](const Status& status) { note(tag + outcome(status)); };
  }
  PublishDone published(std::string tag) {
    return [this, tag = std::move(tag)](const Status& status, Receivers receivers) {
      note(tag + outcome(status) + " " + std::to_string(receivers.count) + " " + word(receivers.precision));
    };
  }
  ExistsDone existence(std::string tag) {
    return [this, tag = std::move(tag)](const Status& status, bool exists) {
      note(tag + outcome(status) + (exists ? " yes" : " no"));
    };
  }
  std::vector<std::string> outcomes() {
    const std::lock_guard lock(outcomes_mutex_);
    return std::exchange(outcomes_, {});
  }
  std::size_t count_outcomes() {
    const std::lock_guard lock(outcomes_mutex_);
    return outcomes_.size();
  }

  FakePlugin plugin_;
  LineHost host_;
  std::unique_ptr<Broker> broker_;
  std::mutex outcomes_mutex_;

 private:
  void note(std::string line) {
    const std::lock_guard lock(outcomes_mutex_);
    outcomes_.push_back(std::move(line));
  }
  static std::string outcome(const Status& status) {
    return ": " + (status.code ? status.code.message() : "ok"s) +
           (status.detail.empty() ? "" : " '" + std::string(status.detail) + "'");
  }

  std::vector<std::string> outcomes_;
};

TEST_F(PluginBrokerTest, GivesThePluginItsSettingsAndTheHost) {
  make(Settings({{"url", "none://"}, {"urls", "a"}, {"urls", "b"}, {"empty", ""}}));
  EXPECT_THAT(plugin_.settings, ElementsAre("url=none://", "urls=a", "urls=b", "empty="));
  const signalbox_host& host = *plugin_.host;
  EXPECT_EQ(host.struct_size, sizeof(signalbox_host));
  EXPECT_EQ(text(host.instance_id), "instance-1");
  EXPECT_EQ(text(host.channel_prefix), "app:");
  EXPECT_EQ(host.call_timeout_ms, 1500U);
  EXPECT_EQ(host.payload_bytes, 4242U);
  EXPECT_EQ(host.extension(host.context, "anything"), nullptr);
}

TEST_F(PluginBrokerTest, HandsEachVerbOverAndItsOutcomeBack) {
  make_and_start();
  broker_->subscribe("app:alice", done("subscribe"));
  broker_->unsubscribe("app:bob", done("unsubscribe"));
  broker_->publish("app:\0x"s, "pay\0load"s, published("publish"));
  broker_->exists("app:carol", existence("exists"));
  EXPECT_THAT(plugin_.calls,
              ElementsAre("subscribe app:alice", "unsubscribe app:bob", "publish app:\0x=pay\0load"s, "exists app:carol"));
  EXPECT_THAT(outcomes(), IsEmpty());
  plugin_.complete(plugin_.ops[3], SIGNALBOX_OK, "", 0, 0, 1);
  plugin_.complete(plugin_.ops[2], SIGNALBOX_OK, "", 3, SIGNALBOX_AT_LEAST);
  plugin_.complete(plugin_.ops[1], SIGNALBOX_SUPERSEDED, "overtaken");
  plugin_.complete(plugin_.ops[0]);
  EXPECT_THAT(outcomes(),
              ElementsAre("exists: ok yes", "publish: ok 3 at_least", "unsubscribe: superseded 'overtaken'", "subscribe: ok"));
  EXPECT_THAT(host_.take(), IsEmpty());
}

TEST_F(PluginBrokerTest, KnowsEveryStatusAndTakesAnUnknownOneForInternal) {
  make_and_start();
  for (std::int32_t status = 1; status <= SIGNALBOX_INTERNAL; ++status) {
    broker_->subscribe("x", done(""));
    plugin_.complete(plugin_.ops.back(), status);
    EXPECT_THAT(outcomes(), ElementsAre(": "s + word(static_cast<errc>(status))));
  }
  for (const std::int32_t status : {SIGNALBOX_INTERNAL + 1, -1, std::numeric_limits<std::int32_t>::min()}) {
    broker_->subscribe("x", done(""));
    plugin_.complete(plugin_.ops.back(), status);
    EXPECT_THAT(outcomes(), ElementsAre(": internal")) << status;
  }
}

TEST_F(PluginBrokerTest, TakesAnUnknownPrecisionForNone) {
  make_and_start();
  for (const std::int32_t precision : {4, -1}) {
    broker_->publish("x", "", published(""));
    plugin_.complete(plugin_.ops.back(), SIGNALBOX_OK, "", 7, precision);
    EXPECT_THAT(outcomes(), ElementsAre(": ok 7 unknown"));
  }
}

TEST_F(PluginBrokerTest, IgnoresAndLogsASecondCompletion) {
  make_and_start();
  broker_->subscribe("alice", done("alice"));
  const std::uint64_t op = plugin_.ops[0];
  plugin_.complete(op);
  plugin_.complete(op);
  EXPECT_THAT(outcomes(), ElementsAre("alice: ok"));
  EXPECT_THAT(host_.take(), ElementsAre("log 3 /lib/fake.so completes a call that is not in flight (a second time, too late, "
                                        "or one never made): ignored (told once)"));
}

TEST_F(PluginBrokerTest, DoesNotTakeASecondCompletionForAnotherCalls) {
  make_and_start();
  broker_->subscribe("alice", done("alice"));
  plugin_.complete(plugin_.ops[0]);
  for (int later = 0; later < 3; ++later) broker_->subscribe("bob", done("bob"));
  plugin_.complete(plugin_.ops[0]);
  EXPECT_THAT(outcomes(), ElementsAre("alice: ok"));
  for (std::size_t i = 1; i <= 3; ++i) plugin_.complete(plugin_.ops[i]);
  EXPECT_THAT(outcomes(), ElementsAre("bob: ok", "bob: ok", "bob: ok"));
}

TEST_F(PluginBrokerTest, IgnoresACompletionThatWasNeverAsked) {
  make_and_start();
  broker_->subscribe("alice", done("alice"));
  for (const std::uint64_t op : {std::uint64_t{0}, std::uint64_t{99}, ~std::uint64_t{0}, plugin_.ops[0] + 1})
    plugin_.complete(op);
  EXPECT_THAT(outcomes(), IsEmpty());
  EXPECT_THAT(host_.take(), ElementsAre(HasSubstr("not in flight"))) << "told once";
}

TEST_F(PluginBrokerTest, TakesACallFromInsideACompletion) {
  make_and_start();
  broker_->subscribe("alice", [this](const Status&) { broker_->unsubscribe("alice", done("unsubscribe")); });
  plugin_.complete(plugin_.ops[0]);
  plugin_.complete(plugin_.ops[1]);
  EXPECT_THAT(outcomes(), ElementsAre("unsubscribe: ok"));
}

TEST_F(PluginBrokerTest, CompletesWhatThePluginLeavesOpenAtStop) {
  make_and_start();
  broker_->subscribe("a", done("a"));
  broker_->publish("b", "", published("b"));
  broker_->exists("c", existence("c"));
  plugin_.complete(plugin_.ops[0]);
  broker_->stop(250ms);
  EXPECT_EQ(plugin_.calls.back(), "stop 250");
  EXPECT_THAT(outcomes(),
              ElementsAre("a: ok", "b: closed 'left open at stop()' 0 unknown", "c: closed 'left open at stop()' no"));
}

TEST_F(PluginBrokerTest, CompletesNothingTwiceIfThePluginCompletesAtStop) {
  plugin_.completes_at_stop = true;
  make_and_start();
  broker_->subscribe("a", done("a"));
  broker_->exists("b", existence("b"));
  broker_->stop(1s);
  EXPECT_THAT(outcomes(), ElementsAre("a: closed 'stopping'", "b: closed 'stopping' no"));
  EXPECT_THAT(host_.take(), IsEmpty());
}

TEST_F(PluginBrokerTest, IgnoresEveryCallOfThePluginAfterStopAndSaysSoOnce) {
  make_and_start();
  broker_->subscribe("a", done("a"));
  broker_->stop(1s);
  outcomes();
  plugin_.complete(plugin_.ops[0]);
  const signalbox_host& host = *plugin_.host;
  report_everything(host);
  EXPECT_EQ(host.log_enabled(host.context, SIGNALBOX_LOG_ERROR), 0);
  EXPECT_THAT(outcomes(), IsEmpty());
  EXPECT_THAT(host_.take(), ElementsAre("log 3 /lib/fake.so calls the host after its stop(): ignored (told once)"));
}

TEST_F(PluginBrokerTest, LeavesAPluginThatCallsAfterDestroyAHostToCall) {
  make_and_start();
  broker_->subscribe("a", done("a"));
  broker_->stop(1s);
  broker_.reset();
  outcomes();
  report_everything(*plugin_.host);
  plugin_.complete(plugin_.ops[0]);
  EXPECT_EQ(text(plugin_.host->instance_id), "instance-1");
  EXPECT_THAT(outcomes(), IsEmpty());
  EXPECT_THAT(host_.take(), IsEmpty()) << "the host may be gone";
}

TEST_F(PluginBrokerTest, KeepsOutThreadsThatCallWhileItIsStopped) {
  make_and_start();
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this, &over] {
      const signalbox_host& host = *plugin_.host;
      while (!over) static_cast<void>(host.log_enabled(host.context, SIGNALBOX_LOG_INFO));
    });
  }
  broker_->stop(1s);
  broker_.reset();
  over = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(host_.take().size(), testing::Le(1U));
}

TEST_F(PluginBrokerTest, CompletesInThePluginsPlaceWhatIsOverdue) {
  host_.set_call_timeout(1ms);
  make_and_start();
  broker_->subscribe("a", done("a"));
  broker_->publish("b", "", published("b"));
  broker_->exists("c", existence("c"));
  broker_->unsubscribe("d", done("d"));
  ASSERT_TRUE(test::wait_until([this] { return count_outcomes() == 4; }));
  const std::string late = "'the plugin did not answer within 1 ms and 1000 more'";
  EXPECT_THAT(outcomes(), testing::UnorderedElementsAre("a: internal " + late, "b: unknown_outcome " + late + " 0 unknown",
                                                        "c: unavailable " + late + " no", "d: unavailable " + late));
  EXPECT_THAT(host_.take(), ElementsAre(testing::StartsWith("log 3 /lib/fake.so has not completed a call within 1 ms")));
  plugin_.complete(plugin_.ops[0]);
  EXPECT_THAT(outcomes(), IsEmpty());
  EXPECT_THAT(host_.take(), ElementsAre(HasSubstr("not in flight")));
}

TEST_F(PluginBrokerTest, CompletesAVerbThatThrowsAndNeverInsideTheCall) {
  make_and_start();
  plugin_.throws = true;
  {
    const std::lock_guard not_inside(outcomes_mutex_);
    broker_->subscribe("a", done("a"));
    broker_->publish("b", "", published("b"));
  }
  ASSERT_TRUE(test::wait_until([this] { return count_outcomes() == 2; }));
  EXPECT_THAT(outcomes(), ElementsAre("a: internal 'the plugin's subscribe() threw: verb failed'",
                                      "b: internal 'the plugin's publish() threw: verb failed' 0 unknown"));
  EXPECT_THAT(host_.take(), ElementsAre("log 3 /lib/fake.so subscribe() threw: verb failed: the call is completed internal "
                                        "(told once)"));
}

TEST_F(PluginBrokerTest, SurvivesExceptionsOfTheOtherFunctions) {
  make();
  plugin_.throws = true;
  broker_->start(host_);
  EXPECT_THAT(host_.take(), ElementsAre("state failed; config: /lib/fake.so start() threw: start failed"));
  EXPECT_EQ(broker_->capabilities().max_payload_bytes, 0U);
  EXPECT_THAT(host_.take(), ElementsAre(HasSubstr("capabilities() threw: capabilities failed")));
  broker_->stop(1s);
  broker_.reset();
  EXPECT_THAT(plugin_.calls, ElementsAre("start", "stop 1000", "destroy"));
}

TEST_F(PluginBrokerTest, LetsThePluginLogBeforeStartAndDoNothingElse) {
  plugin_.during_create = [this] {
    const signalbox_host& host = *plugin_.host;
    report_everything(host);
    plugin_.complete(7);
    EXPECT_EQ(host.log_enabled(host.context, SIGNALBOX_LOG_ERROR), 1);
  };
  make();
  EXPECT_THAT(host_.take(), ElementsAre("log 3 /lib/fake.so calls the host before its start(), where it may only log: ignored "
                                        "(told once)",
                                        "log 3 here"));
}

TEST_F(PluginBrokerTest, CompletesAVerbThatACompletionCallsDuringStopAndKeepsItFromThePlugin) {
  make_and_start();
  std::atomic<bool> inside{false};
  broker_->unsubscribe("a", [this, &inside](const Status&) {
    inside = true;
    broker_->subscribe("a", [&inside, told = done("again")](const Status& status) mutable {
      EXPECT_FALSE(inside) << "completed inside the calling stack";
      told(status);
    });
    inside = false;
  });
  broker_->stop(1s);
  EXPECT_THAT(outcomes(), ElementsAre("again: closed 'left open at stop()'"));
  EXPECT_THAT(plugin_.calls, ElementsAre("unsubscribe a", "stop 1000"));
}

TEST_F(PluginBrokerTest, AnswersAVerbThatComesWhileThePluginStops) {
  make_and_start();
  plugin_.during_stop = [this] {
    broker_->publish("a", "", published("a"));
    EXPECT_TRUE(test::wait_until([this] { return count_outcomes() == 1; }));
  };
  broker_->stop(1s);
  EXPECT_THAT(outcomes(), ElementsAre("a: closed 'the plugin is being stopped' 0 unknown"));
  EXPECT_THAT(plugin_.calls, ElementsAre("stop 1000"));
}

TEST_F(PluginBrokerTest, HoldsReadyBackUntilStartHasReturned) {
  make();
  plugin_.during_start = [this] {
    plugin_.host->state(plugin_.host->context, SIGNALBOX_READY, nullptr, 0);
    EXPECT_THAT(host_.take(), IsEmpty());
  };
  broker_->start(host_);
  EXPECT_THAT(host_.take(), ElementsAre("state ready"));
}

TEST_F(PluginBrokerTest, ForgetsAReadyThatWasLostBeforeStartReturned) {
  make();
  plugin_.during_start = [this] {
    plugin_.host->state(plugin_.host->context, SIGNALBOX_READY, nullptr, 0);
    plugin_.host->state(plugin_.host->context, SIGNALBOX_DEGRADED, nullptr, 0);
  };
  broker_->start(host_);
  EXPECT_THAT(host_.take(), ElementsAre("state degraded"));
}

TEST_F(PluginBrokerTest, TakesNullForNothing) {
  make_and_start();
  const signalbox_host& host = *plugin_.host;
  const signalbox_message message{view("a"), {nullptr, 7}};
  host.deliver(host.context, &message, 1);
  host.deliver(host.context, nullptr, 3);
  host.gap(host.context, nullptr, 3, {nullptr, 0});
  host.state(host.context, SIGNALBOX_DEGRADED, nullptr, 2);
  EXPECT_THAT(host_.take(), ElementsAre("deliver a=", "deliver", "gap: ", "state degraded"));
  broker_->subscribe("a", done("a"));
  host.complete(host.context, plugin_.ops[0], nullptr);
  EXPECT_THAT(outcomes(), ElementsAre("a: internal 'the plugin gave no result'"));
}

TEST_F(PluginBrokerTest, DestroysTheBrokerOnce) {
  make();
  broker_->stop(1s);
  broker_.reset();
  EXPECT_THAT(plugin_.calls, ElementsAre("stop 1000", "destroy"));
}

TEST_F(PluginBrokerTest, GivesThePluginsOwnWordsIfItMakesNoBroker) {
  plugin_.create_error = "url: no host in 'none://'";
  EXPECT_EQ(refusal(), "broker.fake: url: no host in 'none://'");
}

TEST_F(PluginBrokerTest, SaysThatAPluginMakesNoBrokerAndGivesNoWords) {
  plugin_.silent = true;
  EXPECT_EQ(refusal(), "broker.fake: /lib/fake.so: create() made no broker and does not say why: tell its author");
}

TEST_F(PluginBrokerTest, RefusesAPluginWhoseCreateThrows) {
  plugin_.throws = true;
  EXPECT_EQ(refusal(), "broker.fake: /lib/fake.so: create() threw: create failed");
}

TEST_F(PluginBrokerTest, CutsWordsThatFillTheRoomForThem) {
  plugin_.create_error = std::string(10000, 'x');
  EXPECT_THAT(refusal(), testing::MatchesRegex("broker.fake: x+"));
}

TEST_F(PluginBrokerTest, RefusesAnIncompleteTable) {
  const auto refused = [this](auto&& spoil) {
    plugin_.table = whole_table();
    spoil(plugin_.table);
    const std::string said = refusal();
    broker_.reset();
    return said == "broker.plugin: /lib/fake.so: lacks a function of its broker table: rebuild it with this server's SDK";
  };
  EXPECT_FALSE(refused([](signalbox_broker&) {}));
  EXPECT_FALSE(refused([](signalbox_broker& table) { table.struct_size += 64; })) << "a later SDK's";
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.struct_size = offsetof(signalbox_broker, extension) - 1; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.start = nullptr; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.subscribe = nullptr; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.unsubscribe = nullptr; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.publish = nullptr; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.exists = nullptr; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.capabilities = nullptr; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.stop = nullptr; }));
  EXPECT_TRUE(refused([](signalbox_broker& table) { table.destroy = nullptr; }));
  EXPECT_FALSE(refused([](signalbox_broker& table) { table.extension = nullptr; })) << "which may be absent";
}

TEST_F(PluginBrokerTest, ReadsThePluginsCapabilities) {
  plugin_.capabilities = {0, SIGNALBOX_EXACT, SIGNALBOX_EXISTS_AUTHORITATIVE, 120, 8000, 1 << 20, 1, 0};
  make();
  const Capabilities read = broker_->capabilities();
  EXPECT_EQ(read.receivers, Precision::exact);
  EXPECT_EQ(read.exists, ExistsKind::authoritative);
  EXPECT_EQ(read.propagation_hint, 120ms);
  EXPECT_EQ(read.dead_host_bound, 8s);
  EXPECT_EQ(read.max_payload_bytes, 1U << 20);
  EXPECT_TRUE(read.continuity);
}

TEST_F(PluginBrokerTest, TakesZeroesAndUnknownValuesForTheWeakestPromise) {
  make();
  const Capabilities zeroes = broker_->capabilities();
  EXPECT_EQ(zeroes.receivers, Precision::unknown);
  EXPECT_EQ(zeroes.exists, ExistsKind::unsupported);
  EXPECT_EQ(zeroes.max_payload_bytes, 0U);
  EXPECT_FALSE(zeroes.continuity);
  for (const std::int32_t unknown : {4, -1}) {
    plugin_.capabilities.receivers = unknown;
    plugin_.capabilities.exists = unknown;
    EXPECT_EQ(broker_->capabilities().receivers, Precision::unknown);
    EXPECT_EQ(broker_->capabilities().exists, ExistsKind::unsupported);
  }
}

TEST_F(PluginBrokerTest, TakesABoundThatIsNotKnownForTheLongest) {
  make();
  plugin_.capabilities.dead_host_bound_ms = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(broker_->capabilities().dead_host_bound, std::chrono::milliseconds::max());
  plugin_.capabilities.dead_host_bound_ms = std::uint64_t{1} << 63;
  EXPECT_EQ(broker_->capabilities().dead_host_bound, std::chrono::milliseconds::max()) << "never negative";
  plugin_.capabilities.dead_host_bound_ms = 0;
  EXPECT_EQ(broker_->capabilities().dead_host_bound, 0ms);
}

TEST_F(PluginBrokerTest, PassesOnWhatThePluginReports) {
  make_and_start();
  const signalbox_host& host = *plugin_.host;
  const signalbox_message messages[] = {{view("a"), view("1")}, {view("b"), {nullptr, 0}}, {view("a"), view("2")}};
  host.deliver(host.context, messages, 3);
  host.deliver(host.context, messages, 1);
  const signalbox_view channels[] = {view("a"), view("b")};
  host.gap(host.context, channels, 2, view("dropped"));
  host.gap(host.context, nullptr, 0, view("link lost"));
  const signalbox_view reasons[] = {view("auth: no"), view("config: neither")};
  host.state(host.context, SIGNALBOX_FAILED, reasons, 2);
  host.state(host.context, SIGNALBOX_READY, nullptr, 0);
  host.refused(host.context, view("a"), SIGNALBOX_REJECTED, view("NOPERM"));
  host.log(host.context, SIGNALBOX_LOG_WARNING, view("careful"));
  EXPECT_THAT(host_.take(), ElementsAre("deliver a=1 b= a=2", "deliver a=1", "gap a b: dropped", "gap: link lost",
                                        "state failed; auth: no; config: neither", "state ready", "refused a: rejected NOPERM",
                                        "log 2 careful"));
  EXPECT_EQ(host.log_enabled(host.context, SIGNALBOX_LOG_INFO), 0);
  EXPECT_EQ(host.log_enabled(host.context, SIGNALBOX_LOG_WARNING), 1);
}

TEST_F(PluginBrokerTest, TakesUnknownValuesOfAReportForTheWorst) {
  make_and_start();
  const signalbox_host& host = *plugin_.host;
  for (const std::int32_t unknown : {99, -1}) {
    host.state(host.context, unknown, nullptr, 0);
    host.log(host.context, unknown, view("?"));
    host.refused(host.context, view("a"), unknown, view(""));
    EXPECT_EQ(host.log_enabled(host.context, unknown), 1);
  }
  EXPECT_THAT(
      host_.take(),
      ElementsAre("log 3 /lib/fake.so gives a state that is none, 99: taken for the worst; was it built with this "
                  "server's SDK? (told once)",
                  "state failed", "log 3 ?", "refused a: internal ", "state failed", "log 3 ?", "refused a: internal "));
}

}  // namespace
}  // namespace signalbox
