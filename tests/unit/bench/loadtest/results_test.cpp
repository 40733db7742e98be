// The table and results.json say what was measured.
#include <sstream>

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
  result.messages = {.planned = 100, .delivered = 90, .refused = 6, .unknown = 4, .expected = 180, .arrived = 171};
  result.arrivals.measured = 175;
  result.arrivals.duplicates = 3;
  result.refusals = {{503, 6}, {504, 4}};
  for (int i = 1; i <= 175; ++i) result.latency.record(i * 1ms);
  result.instance_usage = Usage{.cpu = 1750us, .bytes_before = 1'000'000, .bytes_connected = 1'500'000, .bytes_end = 1'048'576};
  result.timeline = {{.offered = 100, .arrived = 175, .longest = 175ms}};
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
  EXPECT_DOUBLE_EQ(number(result.at("messages").at("loss")), 0.05);
  EXPECT_EQ(number(result.at("messages").at("statuses").at("503")), 6);
  EXPECT_DOUBLE_EQ(number(result.at("messages").at("delivered_per_second")), 17.5);
  EXPECT_DOUBLE_EQ(number(result.at("connect").at("per_second")), 500);
  EXPECT_NEAR(number(result.at("latency_ms").at("p50")), 88, 0.1);
  EXPECT_EQ(number(result.at("latency_ms").at("max")), 175);
  EXPECT_DOUBLE_EQ(number(result.at("usage").at("instances").at("cpu_us_per_message")), 10);
  EXPECT_DOUBLE_EQ(number(result.at("usage").at("instances").at("bytes_per_user")), 1'000);
  EXPECT_TRUE(result.at("usage").at("broker").is_null());
  EXPECT_EQ(number(result.at("timeline").at(0).at("max")), 175);
}

}  // namespace
}  // namespace signalbox::bench
