// Plugins that break the rules of the boundary, or can't be made.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/deadline.hpp"
#include "tests/unit/core/plugins/plugin_broker_fixture.hpp"

namespace signalbox::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

TEST_F(PluginBrokerTest, ForgetsAReadyThatWasLostBeforeStartReturned) {
  make();
  plugin_.during_start = [this] {
    plugin_.host->state(plugin_.host->context, SIGNALBOX_STATE_READY, nullptr, 0);
    plugin_.host->state(plugin_.host->context, SIGNALBOX_STATE_DEGRADED, nullptr, 0);
  };
  broker_->start(host_);
  EXPECT_THAT(host_.take(), ElementsAre("state degraded"));
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

}  // namespace
}  // namespace signalbox::test
