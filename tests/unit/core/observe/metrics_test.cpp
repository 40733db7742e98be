#include "core/observe/metrics.hpp"

#include <initializer_list>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/metrics_text.hpp"

namespace signalbox {
namespace {

using namespace std::chrono_literals;
using test::MetricsText;
using testing::Contains;
using testing::Pair;

MetricsText series(const Metrics& metrics, const Metrics::Snapshot& snapshot = {}) {
  return MetricsText(metrics.text(snapshot));
}

TEST(Metrics, HasEveryFamilyFromTheStart) {
  const Metrics metrics;
  const MetricsText text = series(metrics);
  const std::map<std::string, std::string> expected{
      {"signalbox_connections", "gauge"},
      {"signalbox_users", "gauge"},
      {"signalbox_registrations_total", "counter"},
      {"signalbox_ignored_messages_total", "counter"},
      {"signalbox_published_total", "counter"},
      {"signalbox_delivered_total", "counter"},
      {"signalbox_dropped_total", "counter"},
      {"signalbox_closes_total", "counter"},
      {"signalbox_refused_total", "counter"},
      {"signalbox_gaps_total", "counter"},
      {"signalbox_broker_state", "gauge"},
      {"signalbox_broker_reconnects_total", "counter"},
      {"signalbox_queue_bytes", "gauge"},
      {"signalbox_publish_seconds", "histogram"},
      {"signalbox_delivery_lag_seconds", "histogram"},
  };
  std::map<std::string, std::string> types;
  for (const auto& [name, family] : text.families) types[name] = family.type;
  EXPECT_EQ(types, expected);
  for (const auto& [name, value] : text.series) {
    EXPECT_EQ(value, name == "signalbox_broker_state{state=\"connecting\"}" ? 1 : 0) << name;
  }
}

TEST(Metrics, ShowsWhatWasCounted) {
  Metrics metrics;
  metrics.connections.add(5);
  metrics.connections.add(-2);
  metrics.registrations.add();
  metrics.ignored_messages.add(4);
  metrics.delivered.add(1'000'000);
  metrics.refuse(Refused::connections_per_ip);
  metrics.gaps.add(2);
  metrics.broker_reconnects.add();
  metrics.connection_queue_bytes.add(300);
  metrics.handover_queue_bytes.add(70);
  metrics.inbound_queue_bytes.add(8);
  const MetricsText text = series(metrics, {.users = 7, .broker_state = State::degraded, .log_lines_dropped = 9});
  EXPECT_EQ(text["signalbox_connections"], 3);
  EXPECT_EQ(text["signalbox_users"], 7);
  EXPECT_EQ(text["signalbox_registrations_total"], 1);
  EXPECT_EQ(text["signalbox_ignored_messages_total"], 4);
  EXPECT_EQ(text["signalbox_delivered_total"], 1'000'000);
  EXPECT_EQ(text["signalbox_refused_total{limit=\"connections_per_ip\"}"], 1);
  EXPECT_EQ(text["signalbox_gaps_total"], 2);
  EXPECT_EQ(text["signalbox_broker_reconnects_total"], 1);
  EXPECT_EQ(text["signalbox_queue_bytes{queue=\"connection\"}"], 300);
  EXPECT_EQ(text["signalbox_queue_bytes{queue=\"handover\"}"], 70);
  EXPECT_EQ(text["signalbox_queue_bytes{queue=\"inbound\"}"], 8);
  EXPECT_EQ(text["signalbox_dropped_total{queue=\"log\"}"], 9);
}

TEST(Metrics, ShowsOneBrokerStateAtATime) {
  const Metrics metrics;
  for (const State state : {State::connecting, State::ready, State::degraded, State::failed, State::closed}) {
    const MetricsText text = series(metrics, {.broker_state = state});
    for (const State other : {State::connecting, State::ready, State::degraded, State::failed, State::closed}) {
      EXPECT_EQ(text[std::string("signalbox_broker_state{state=\"") + word(other) + "\"}"], other == state ? 1 : 0);
    }
  }
}

TEST(Metrics, CountsPublishesByResult) {
  Metrics metrics;
  const auto result = [&](const std::string& name) {
    return series(metrics)["signalbox_published_total{result=\"" + name + "\"}"];
  };
  metrics.published(true, {});
  metrics.published(true, {});
  metrics.published(false, {});
  for (int code = 1; code <= static_cast<int>(errc::internal); ++code) {
    for (int times = 0; times < code; ++times) metrics.published(false, static_cast<errc>(code));
  }
  EXPECT_EQ(result("delivered"), 2);
  EXPECT_EQ(result("not_connected"), 1);
  for (int code = 1; code <= static_cast<int>(errc::internal); ++code) EXPECT_EQ(result(word(static_cast<errc>(code))), code);
  metrics.published(false, {1000, category()});
  EXPECT_EQ(result("internal"), static_cast<int>(errc::internal) + 1) << "an unknown error is a fault of ours";
}

TEST(Metrics, CountsDropsByReason) {
  Metrics metrics;
  metrics.drop(Dropped::connection);
  metrics.drop(Dropped::handover, 2);
  metrics.drop(Dropped::oversize, 3);
  metrics.drop(Dropped::unknown_kind, 4);
  metrics.drop(Dropped::duplicate, 5);
  metrics.drop(Dropped::no_receiver, 6);
  const MetricsText text = series(metrics);
  double expected = 0;
  for (const char* reason : {"connection", "handover", "oversize", "unknown_kind", "duplicate", "no_receiver"}) {
    EXPECT_EQ(text[std::string("signalbox_dropped_total{queue=\"") + reason + "\"}"], ++expected);
  }
}

TEST(Metrics, CountsClosesByCode) {
  Metrics metrics;
  for (const int code : {1000, 1008, 1008, 1015, 4000, 4008, 4014}) metrics.closed(static_cast<std::uint16_t>(code));
  for (const int code : {0, 999, 1016, 3999, 4015, 65535}) metrics.closed(static_cast<std::uint16_t>(code));
  const MetricsText text = series(metrics);
  EXPECT_EQ(text["signalbox_closes_total{code=\"1000\"}"], 1);
  EXPECT_EQ(text["signalbox_closes_total{code=\"1008\"}"], 2);
  EXPECT_EQ(text["signalbox_closes_total{code=\"1015\"}"], 1);
  EXPECT_EQ(text["signalbox_closes_total{code=\"4000\"}"], 1);
  EXPECT_EQ(text["signalbox_closes_total{code=\"4008\"}"], 1);
  EXPECT_EQ(text["signalbox_closes_total{code=\"4014\"}"], 1);
  EXPECT_EQ(text["signalbox_closes_total{code=\"other\"}"], 6) << "whatever clients send makes no new series";
  EXPECT_THAT(text.series, testing::Not(Contains(Pair("signalbox_closes_total{code=\"1001\"}", testing::_))));
}

TEST(Metrics, HaveCumulativeBuckets) {
  Metrics metrics;
  for (const std::chrono::microseconds duration :
       std::initializer_list<std::chrono::microseconds>{0us, 50us, 51us, 100us, 101us, 1000us, 2s, 10s, 10s + 1us, 1h}) {
    metrics.publish_seconds.observe(duration);
  }
  metrics.publish_seconds.observe(-5s);  // a clock that runs behind
  const MetricsText text = series(metrics);
  const auto bucket = [&](const std::string& bound) { return text["signalbox_publish_seconds_bucket{le=\"" + bound + "\"}"]; };
  EXPECT_EQ(bucket("5e-05"), 3) << "a bound belongs to its bucket";
  EXPECT_EQ(bucket("0.0001"), 5);
  EXPECT_EQ(bucket("0.00025"), 6);
  EXPECT_EQ(bucket("0.0005"), 6);
  EXPECT_EQ(bucket("0.001"), 7);
  EXPECT_EQ(bucket("1"), 7);
  EXPECT_EQ(bucket("2.5"), 8);
  EXPECT_EQ(bucket("5"), 8);
  EXPECT_EQ(bucket("10"), 9);
  EXPECT_EQ(bucket("+Inf"), 11);
  EXPECT_EQ(text["signalbox_publish_seconds_count"], 11);
  EXPECT_NEAR(text["signalbox_publish_seconds_sum"], 3622.001303, 1e-6);
  EXPECT_EQ(text["signalbox_delivery_lag_seconds_count"], 0) << "the other histogram is another";
}

TEST(Metrics, HaveABucketForEachBound) {
  const Metrics metrics;
  const MetricsText text = series(metrics);
  std::vector<double> bounds;
  for (const auto& [name, value] : text.series) {
    const std::string prefix = "signalbox_delivery_lag_seconds_bucket{le=\"";
    if (name.starts_with(prefix)) bounds.push_back(std::stod(name.substr(prefix.size())));
  }
  std::vector<double> expected(DurationHistogram::kBoundsSeconds.begin(), DurationHistogram::kBoundsSeconds.end());
  expected.push_back(std::numeric_limits<double>::infinity());
  EXPECT_THAT(bounds, testing::UnorderedElementsAreArray(expected));
}

TEST(Metrics, LoseNothingOverThreads) {
  Metrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        metrics.delivered.add();
        metrics.connections.add(n % 2 == 0 ? 1 : -1);
        metrics.publish_seconds.observe(1ms);
        if (n % 500 == 0) static_cast<void>(metrics.text({}));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const MetricsText text = series(metrics);
  EXPECT_EQ(text["signalbox_delivered_total"], 8000);
  EXPECT_EQ(text["signalbox_connections"], 0);
  EXPECT_EQ(text["signalbox_publish_seconds_count"], 8000);
  EXPECT_NEAR(text["signalbox_publish_seconds_sum"], 8, 1e-9);
}

}  // namespace
}  // namespace signalbox
