#include "core/plugins/plugin_broker.hpp"

#include <cstdint>
#include <limits>

#include <gmock/gmock.h>

#include "tests/unit/core/plugins/plugin_broker_fixture.hpp"

namespace signalbox::test {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;

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
  plugin_.complete(plugin_.ops[2], SIGNALBOX_OK, "", 3, SIGNALBOX_PRECISION_AT_LEAST);
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

TEST_F(PluginBrokerTest, HoldsReadyBackUntilStartHasReturned) {
  make();
  plugin_.during_start = [this] {
    plugin_.host->state(plugin_.host->context, SIGNALBOX_STATE_READY, nullptr, 0);
    EXPECT_THAT(host_.take(), IsEmpty());
  };
  broker_->start(host_);
  EXPECT_THAT(host_.take(), ElementsAre("state ready"));
}

TEST_F(PluginBrokerTest, TakesNullForNothing) {
  make_and_start();
  const signalbox_host& host = *plugin_.host;
  const signalbox_message message{view("a"), {nullptr, 7}};
  host.deliver(host.context, &message, 1);
  host.deliver(host.context, nullptr, 3);
  host.gap(host.context, nullptr, 3, {nullptr, 0});
  host.state(host.context, SIGNALBOX_STATE_DEGRADED, nullptr, 2);
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

TEST_F(PluginBrokerTest, ReadsThePluginsCapabilities) {
  plugin_.capabilities = {0, SIGNALBOX_PRECISION_EXACT, SIGNALBOX_EXISTS_AUTHORITATIVE, 120, 8000, 1 << 20, 1, 0};
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
  host.state(host.context, SIGNALBOX_STATE_FAILED, reasons, 2);
  host.state(host.context, SIGNALBOX_STATE_READY, nullptr, 0);
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
}  // namespace signalbox::test
