// The table and results.json say what was measured.
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>
#include <string>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/loadtest/results_json.hpp"
#include "bench/loadtest/table.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Result some_result() {
  Result result;
  result.broker = "redis";
  result.instances = 2;
  result.users = 500;
  result.devices = 2;
  result.connecting = 2s;
  result.measuring = 10s;
  result.messages = {.offered = 100, .taken = 90, .refused = 6, .unknown = 4, .expected = 180, .delivered = 171};
  result.received.delivered = 175;
  result.received.duplicates = 3;
  result.received.unexpected = 5;
  result.received.clients_lost = 7;
  result.refusals = {{503, 6}, {504, 4}};
  for (int i = 1; i <= 175; ++i) result.latency.record(i * 1ms);
  result.instance_usage = Usage{.cpu = 1750us, .bytes_before = 1'000'000, .bytes_connected = 1'500'000, .bytes_end = 1'048'576};
  result.timeline = {{.offered = 100, .delivered = 175, .longest = 175ms}};
  result.remarks = {"something to know"};
  return result;
}

TEST(Results, AreATableWithAColumnABroker) {
  Result other = some_result();
  other.broker = "nats";
  std::ostringstream out;
  print_results(out, std::vector{some_result(), other});
  EXPECT_THAT(out.str(), HasSubstr("redis"));
  EXPECT_THAT(out.str(), HasSubstr("nats\n"));
  EXPECT_THAT(out.str(), HasSubstr("  lost "));
  EXPECT_THAT(out.str(), HasSubstr("9 (5.00 %)   9 (5.00 %)\n"));
  EXPECT_THAT(out.str(), testing::ContainsRegex("frames that nobody sent +5 +5\n"));
  EXPECT_THAT(out.str(), testing::ContainsRegex("clients lost +7 +7\n"));
  EXPECT_THAT(out.str(), HasSubstr("not taken"));
  EXPECT_THAT(out.str(), HasSubstr("6 (6.00 %)"));
  EXPECT_THAT(out.str(), HasSubstr("redis: something to know\nnats: something to know\n"));
}

TEST(Results, AreJsonWithWhatIsNotKnownAsNull) {
  const boost::json::value document = boost::json::parse(results_json({}, {}, std::vector{some_result()}));
  const boost::json::value& result = document.at("results").at(0);
  const auto number = [](const boost::json::value& value) { return value.to_number<double>(); };
  EXPECT_EQ(number(document.at("schema")), 1);
  EXPECT_EQ(number(result.at("messages").at("lost")), 9);
  EXPECT_EQ(number(result.at("messages").at("unexpected")), 5);
  EXPECT_EQ(number(result.at("messages").at("clients_lost")), 7);
  EXPECT_DOUBLE_EQ(number(result.at("messages").at("loss")), 0.05);
  EXPECT_EQ(number(result.at("messages").at("statuses").at("503")), 6);
  EXPECT_DOUBLE_EQ(number(result.at("messages").at("delivered_per_second")), 17.5);
  EXPECT_DOUBLE_EQ(number(result.at("connect").at("per_second")), 500);
  EXPECT_NEAR(number(result.at("latency_ms").at("p50")), 88, 0.1);
  EXPECT_EQ(number(result.at("latency_ms").at("max")), 175);
  EXPECT_DOUBLE_EQ(number(result.at("usage").at("instances").at("cpu_us_per_message")), 10);
  EXPECT_DOUBLE_EQ(number(result.at("usage").at("instances").at("bytes_per_connection")), 500);
  EXPECT_TRUE(result.at("usage").at("broker").is_null());
  EXPECT_TRUE(result.at("verdicts").as_array().empty());
  EXPECT_EQ(number(result.at("timeline").at(0).at("max")), 175);
}

/// Every value of a document that is no object and no array.
void visit(const boost::json::value& value, const std::string& path,
           const std::function<void(const std::string&, const boost::json::value&)>& leaf) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) visit(member, path + "/" + std::string(name), leaf);
  } else if (const auto* array = value.if_array()) {
    for (const auto& member : *array) visit(member, path + "/-", leaf);
  } else {
    leaf(path, value);
  }
}

TEST(Results, AreJsonWhereNothingWasMeasured) {
  Result nothing;
  nothing.broker = "redis";
  nothing.instance_usage = nothing.broker_usage = Usage{.cpu = 3ms};
  nothing.idle.emplace();
  nothing.steps.emplace_back();
  nothing.recoveries.emplace_back();
  nothing.timeline.emplace_back();
  Result churned = nothing;
  churned.churned.emplace();
  for (const Result& result : {nothing, churned}) {
    const boost::json::value document = boost::json::parse(results_json({}, {}, {&result, 1}));  // throws for NaN and Infinity
    const boost::json::value& all = document.at("results").at(0);
    for (const char* figure : {"/connect/per_second", "/messages/delivered_per_second", "/messages/loss", "/latency_ms/p50",
                               "/latency_ms/mean", "/latency_ms/max", "/generator_lag_ms/p99",
                               "/usage/instances/cpu_us_per_message", "/usage/generator/cpu_us_per_message",
                               "/usage/broker/bytes_per_connection", "/steps/0/p99_ms", "/timeline/0/max", "/saturation"}) {
      EXPECT_TRUE(all.at_pointer(figure).is_null()) << figure;
    }
    EXPECT_TRUE(all.at_pointer("/latency_ms/curve").as_array().empty());
    EXPECT_EQ(all.at_pointer("/messages/lost"), 0);
    visit(document, "", [](const std::string& path, const boost::json::value& value) {
      EXPECT_TRUE(!value.is_double() || std::isfinite(value.as_double())) << path;
    });
    std::ostringstream table;
    print_results(table, {&result, 1});
    EXPECT_EQ(table.str().find("nan"), std::string::npos);
    EXPECT_EQ(table.str().find("inf"), std::string::npos);
  }
}

TEST(Results, SayWhatWasAskedForAndWhetherItWasMet) {
  LoadTestOptions options;
  options.mode = "idle";
  options.warmup = 5s;
  options.hold = 30s;
  options.max_loss = 0;
  options.shown_sets = {"broker.redis.password=***"};
  boost::json::value document = boost::json::parse(results_json(options, {}, std::vector{some_result()}));
  const boost::json::value& verdict = document.at_pointer("/results/0/verdicts/0");
  EXPECT_EQ(verdict.at("met"), false);
  EXPECT_EQ(verdict.at("text"), "missed --max-loss: nothing lost; 9 of 180 were");
  EXPECT_EQ(document.at("work").at("hold_ms"), 30'000);
  EXPECT_EQ(document.at("work").at("max_loss"), 0.0);
  EXPECT_EQ(document.at("work").at("set").at(0), "broker.redis.password=***");
  EXPECT_TRUE(document.at("work").at("slo_ms").is_null());
  options.mode = "connect";
  document = boost::json::parse(results_json(options, {}, std::vector{some_result()}));
  EXPECT_TRUE(document.at("work").at("warmup_ms").is_null()) << "there is none";
  EXPECT_TRUE(document.at("work").at("hold_ms").is_null());
}

TEST(Results, HoldNoFigureThatIsNoNumber) {
  Result result = some_result();
  result.saturated = {.rate = 5'000, .found = {5'000}, .limit = "a thread of an instance"};
  result.connecting = result.measuring = 1ns;  // the greatest rates there can be
  result.received.delivered = std::numeric_limits<std::uint64_t>::max();
  const boost::json::value document = boost::json::parse(results_json({}, {}, {&result, 1}));
  EXPECT_EQ(document.at_pointer("/results/0/saturation/limit"), "a thread of an instance");
}

TEST(Results, AreUtf8WhateverServersSay) {
  Result result = some_result();
  result.remarks = {"a client was lost: refused: HTTP/1.1 503 \xff\n"};
  LoadTestOptions options;
  options.command = "signalbox bench --report \xfe";
  const boost::json::value document = boost::json::parse(results_json(options, {}, {&result, 1}));
  EXPECT_EQ(document.at("command"), "signalbox bench --report \\xfe");
  EXPECT_EQ(document.at_pointer("/results/0/remarks/0"), "a client was lost: refused: HTTP/1.1 503 \\xff\\n");
}

TEST(Results, TellTheMedianOfSaturation) {
  Result result = some_result();
  result.saturated = {.rate = 5'000, .found = {4'800, 5'000, 5'200}, .limit = "a thread of an instance"};
  result.steps = {{.rate = 5'000, .held = true, .limit = ""}, {.search = 1, .rate = 5'300, .limit = "a thread of an instance"}};
  std::ostringstream out;
  print_results(out, {&result, 1});
  EXPECT_THAT(out.str(), testing::ContainsRegex("highest rate that held, a second +5,000\n"));
  EXPECT_THAT(out.str(), testing::ContainsRegex("  of each search +4,800 5,000 5,200\n"));
  EXPECT_THAT(out.str(), testing::ContainsRegex("  beyond it was full +a thread of an instance\n"));
}

}  // namespace
}  // namespace signalbox::bench
