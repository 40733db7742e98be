#include "bench/loadtest/saturation_trial.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::SizeIs;

/// Searches on a broker that holds `highest` a second; the rate is in each leg's result as its connecting time in milliseconds.
struct Trial {
  Result run(double highest, std::uint64_t messages) {
    LoadTestOptions options;
    options.rate = 1'000;
    options.slo = 50ms;
    options.searches = 3;
    options.duration = 1s;
    Result result;
    result.devices = 1;
    const auto measure = [&](const Leg& leg) {
      EXPECT_EQ(leg.first, sent);
      sent = leg.end();
      result.connecting = std::chrono::milliseconds(static_cast<int>(leg.per_second));
      result.measuring = 1s;
      result.messages.offered = result.messages.taken = result.messages.expected = result.messages.delivered = leg.messages;
      result.received.delivered = leg.messages;
      result.latency.record(leg.per_second <= highest ? 1ms : 100ms);
    };
    measure_saturation(options, messages, measure, [&] { ++recovered; }, [](const std::string&) {}, result);
    return result;
  }

  std::uint64_t sent = 0;
  int recovered = 0;
};

TEST(SaturationTrial, TellsWhatTheMedianCameToAndAllSteps) {
  Trial trial;
  const Result result = trial.run(5'500, 10'000'000);
  ASSERT_TRUE(result.saturated);
  EXPECT_THAT(result.saturated->found, SizeIs(3));
  EXPECT_EQ(result.connecting, std::chrono::milliseconds(static_cast<int>(result.saturated->rate))) << "that rate's figures";
  EXPECT_NEAR(result.saturated->rate, 5'500, 275);
  int failed = 0;
  for (const Step& step : result.steps) failed += step.held ? 0 : 1;
  EXPECT_GE(trial.recovered, failed - 1) << "after each but the last";
  EXPECT_LE(trial.recovered, failed);
  EXPECT_TRUE(result.remarks.empty());
}

TEST(SaturationTrial, SaysThatItEndedEarlyWhereMessagesRunOut) {
  Trial trial;
  const Result result = trial.run(5'500, 20'000);
  EXPECT_LE(trial.sent, 20'000U);
  ASSERT_TRUE(result.saturated);
  EXPECT_THAT(result.remarks, Contains(HasSubstr("the search ended early: another try would be beyond the 20,000 messages")));
}

TEST(SaturationTrial, SaysThatNothingHeld) {
  const Result result = Trial().run(0, 1'000'000);
  EXPECT_FALSE(result.saturated);
  EXPECT_FALSE(result.steps.empty());
  EXPECT_THAT(result.remarks, Contains(HasSubstr("no rate that was tried held")));
}

}  // namespace
}  // namespace signalbox::bench
