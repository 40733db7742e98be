#include "bench/loadtest/report/page.hpp"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bench/loadtest/report/assets.hpp"
#include "bench/loadtest/report/html.hpp"
#include "bench/loadtest/results_json.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kEvil = "</script><!--<b>&\"'\xE2\x80\xA8\xE2\x80\xA9{{chart}}";

std::vector<Result> two_results() {
  std::vector<Result> results(2);
  results[0].broker = kEvil;
  results[0].users = 10;
  results[0].devices = 1;
  results[0].latency.record(12ms);
  results[0].remarks = {"the generator was late <itself>"};
  results[0].instance_usage = Usage{.cpu = 1ms, .bytes_connected = 20480};
  results[0].messages = {.offered = 1, .taken = 1, .expected = 1, .delivered = 1};
  results[0].received.delivered = 1;
  results[1].broker = "redis";
  results[1].users = 10;
  results[1].timeline = {{.offered = 5, .delivered = 4, .longest = 3ms}};
  return results;
}

struct Page {
  explicit Page(const LoadTestOptions& options = {}) {
    const std::vector<Result> results = two_results();
    const Environment environment{
        .time = "2026-11-26T15:24:56Z", .version = "1.2.3", .kernel = "Linux 6", .processor = "A <fast> one"};
    json = results_json(options, environment, results);
    html = report_page(options, environment, results, json, "");
  }
  /// What stands in the page's script of JSON.
  [[nodiscard]] std::string embedded() const {
    const std::string begin = "id=\"results\">";
    const std::size_t at = html.find(begin) + begin.size();
    return html.substr(at, html.find("</script>", at) - at);
  }
  std::string json;
  std::string html;
};

TEST(ReportPage, HoldsEveryMemberOfTheResults) {
  const Page page;
  EXPECT_EQ(boost::json::parse(page.embedded()), boost::json::parse(page.json));
}

TEST(ReportPage, LetsNoNameOutOfItsPlace) {
  const Page page;
  EXPECT_THAT(page.embedded(), Not(HasSubstr("<")));
  EXPECT_THAT(page.html, Not(HasSubstr("<!--<b>")));
  EXPECT_THAT(page.html, HasSubstr("&lt;/script&gt;&lt;!--&lt;b&gt;&amp;&quot;&#39;"));
  EXPECT_THAT(page.html, HasSubstr("A &lt;fast&gt; one"));
  EXPECT_THAT(page.html, HasSubstr("the generator was late &lt;itself&gt;"));
}

TEST(ReportPage, ReplacesEachPlaceholderAndNoneThatWasFilledIn) {
  const Page page;
  EXPECT_THAT(page.html, HasSubstr("{{chart}} and redis</h1>"));  // part of the name
  EXPECT_THAT(page.html, Not(HasSubstr("{{title}}")));
  EXPECT_EQ(fill_in("{{a}}-{{b}}}{{a}}", {{"a", "{{b}}"}, {"b", ""}}), "{{b}}-}{{b}}");
}

TEST(ReportPage, TellsTheBoundsThatWereMetAndMissed) {
  LoadTestOptions options;
  EXPECT_THAT(Page(options).html, Not(HasSubstr("<li class=\"met\">")));
  options.slo = 11ms;
  options.max_loss = 0;
  const Page page(options);
  EXPECT_THAT(page.html, HasSubstr("<li class=\"missed\">missed --slo: p99 of at most 11 ms; it is 12.0 ms</li>"));
  EXPECT_THAT(page.html, HasSubstr("<li class=\"met\">--max-loss: nothing lost</li>"));
  options.slo = 13ms;
  EXPECT_THAT(Page(options).html, HasSubstr("<li class=\"met\">--slo: p99 of at most 13 ms</li>"));
}

TEST(ReportPage, SaysFiguresWithTheirUnits) {
  const Page page;
  EXPECT_THAT(page.html, HasSubstr("<dt>p99</dt><dd>12.0 <small>ms</small></dd>"));
  EXPECT_THAT(page.html, HasSubstr("<dt>CPU a message</dt><dd>1,000 <small>µs</small></dd>"));
  EXPECT_THAT(page.html, HasSubstr("<dt>memory a connection</dt><dd>2.00 <small>KiB</small></dd>"));
  EXPECT_THAT(page.html, HasSubstr("2026-11-26 15:24:56 UTC"));
}

TEST(ReportPage, SaysHowMessagesWerePublished) {
  LoadTestOptions options;
  EXPECT_THAT(Page(options).html, HasSubstr(", through the HTTP API"));
  options.via = "broker";
  EXPECT_THAT(Page(options).html, HasSubstr(", straight to the broker"));
}

TEST(ReportPage, SaysHowLongItHeldAndWarmedUp) {
  LoadTestOptions options;
  options.mode = "idle";
  options.duration = 20s;
  options.warmup = 5s;
  options.hold = 30s;
  EXPECT_THAT(Page(options).html, HasSubstr("for 20 s, after 5 s to warm up, and 30 s idle before that"));
  options.mode = "unicast";
  EXPECT_THAT(Page(options).html, HasSubstr("for 20 s, after 5 s to warm up</dd>"));
}

TEST(ReportPage, HasNoFigureWhereNothingWasMeasured) {
  Result result;
  result.broker = "redis";
  result.users = 10;
  result.instance_usage = Usage{.cpu = 1ms};
  const std::string html = report_page({}, {}, {&result, 1}, "{}", "");
  EXPECT_THAT(html, HasSubstr("<dt>p99</dt><dd>-</dd>"));
  EXPECT_THAT(html, HasSubstr("<dt>delivered</dt><dd>-</dd>"));
  EXPECT_THAT(html, Not(HasSubstr("<dt>CPU a message</dt>")));
}

TEST(ReportPage, TellsOfConnectionsWhereTheyCameAndWent) {
  Result result;
  result.broker = "memory";
  result.churned = Churned{.offered = 1200, .registered = 1199, .failed = 1};
  LoadTestOptions options;
  options.mode = "connect";
  options.rate = 400;
  const std::string html = report_page(options, {}, {&result, 1}, "{}", "");
  EXPECT_THAT(html, HasSubstr("connect, 400 connections a second"));
  EXPECT_THAT(html, Not(HasSubstr("to warm up")));
  EXPECT_THAT(html, HasSubstr("<dt>failed</dt><dd>1 <small>of 1,200</small></dd>"));
  EXPECT_THAT(html, HasSubstr("until it was registered"));
  EXPECT_THAT(html, Not(HasSubstr("<dt>lost</dt>")));
}

TEST(ReportPage, TellsTheRatesThatWereTriedAndTheFaults) {
  Result result;
  result.broker = "memory";
  result.steps = {{.rate = 100, .held = true, .limit = ""}, {.rate = 200, .limit = "a thread of an instance"}};
  result.saturated = {.rate = 100, .found = {100}, .limit = "a thread of an instance"};
  result.recoveries = {{.fault = "restart-broker@1s", .at = 1s, .over = 200ms, .ready = 500ms}};
  LoadTestOptions options;
  options.mode = "saturate";
  options.slo = 50ms;
  const std::string html = report_page(options, {}, {&result, 1}, "{}", "");
  EXPECT_THAT(html, HasSubstr("<li class=\"met\">100 a second held: p99 of at most 50 ms, nothing lost</li>"));
  EXPECT_THAT(html, HasSubstr("<li class=\"note\">200 a second did not hold (a thread of an instance)"));
  EXPECT_THAT(html, HasSubstr("<li class=\"note\">beyond it was full: a thread of an instance</li>"));
  EXPECT_THAT(html, HasSubstr("<li class=\"note\">restart-broker@1s: over after 200 ms"));
}

TEST(ReportPage, TellsWhatHasChangedSinceAnEarlierRun) {
  EXPECT_THAT(Page().html, HasSubstr("id=\"earlier\">null</script>"));
  Result result;
  result.broker = "redis";
  result.users = 1;
  result.latency.record(12ms);
  const std::string earlier =
      results_json({}, {.time = "", .version = "", .kernel = "", .processor = "<an older one>"}, {&result, 1});
  result.latency = {};
  result.latency.record(18ms);
  const std::string html = report_page({}, {}, {&result, 1}, results_json({}, {}, {&result, 1}), earlier);
  EXPECT_THAT(html, HasSubstr("&lt;an older one&gt;"));
  EXPECT_THAT(html, testing::ContainsRegex("latency p99, ms +12.0 +18.0   \\+50.. %"));
  EXPECT_THAT(html, HasSubstr("\\u003can older one>"));
}

TEST(ReportPage, BringsTheChartingLibraryWithItsLicence) {
  const Page page;
  EXPECT_THAT(page.html, HasSubstr(assets::kChart));
  EXPECT_THAT(page.html, HasSubstr("Permission is hereby granted, free of charge"));
  for (const std::string_view script : {assets::kChart, assets::kDrawing, assets::kCharts, assets::kScript}) {
    EXPECT_EQ(script.find("</script"), std::string_view::npos);
    EXPECT_EQ(script.find("<!--"), std::string_view::npos);
  }
  EXPECT_EQ(assets::kChartLicence.find("-->"), std::string_view::npos);
}

}  // namespace
}  // namespace signalbox::bench
