#include "bench/loadtest/saturation.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// What a server that holds `highest` a second comes to at `rate`.
Result at(double rate, double highest) {
  Result result;
  result.devices = 1;
  result.measuring = 1s;
  result.messages.planned = result.messages.delivered = result.messages.expected = result.messages.arrived =
      static_cast<std::uint64_t>(rate);
  result.arrivals.measured = static_cast<std::uint64_t>(rate);
  result.latency.record(rate <= highest ? 1ms : 100ms);
  result.busiest = {{"an instance", rate <= highest ? 0.5 : 0.99}};
  return result;
}

std::vector<double> search(double first, double highest, double& found) {
  Saturation search(first, 50ms);
  std::vector<double> tried;
  while (const auto rate = search.next()) {
    tried.push_back(*rate);
    search.judge(*rate, at(*rate, highest));
    if (tried.size() > 50) break;
  }
  found = search.highest();
  return tried;
}

TEST(Saturation, DoublesThenHalvesUntilItIsNear) {
  double found = 0;
  EXPECT_THAT(search(1'000, 5'500, found), ElementsAre(1'000, 2'000, 4'000, 8'000, 6'000, 5'000, 5'500));
  EXPECT_EQ(found, 5'500);
}

TEST(Saturation, LooksBelowTheFirstRateToo) {
  double found = 0;
  search(1'000, 130, found);
  EXPECT_NEAR(found, 130, 13);
  EXPECT_LT(search(1'000, 0, found).size(), 10U) << "it ends where nothing holds";
  EXPECT_EQ(found, 0);
}

TEST(Saturation, TakesWhatIsLostRefusedOrLateForNotHeld) {
  const auto judge = [](const Result& result) { return Saturation(100, 50ms).judge(100, result); };
  EXPECT_TRUE(judge(at(100, 100)).held);
  Result lost = at(100, 100);
  --lost.messages.arrived;
  EXPECT_FALSE(judge(lost).held);
  Result refused = at(100, 100);
  --refused.messages.delivered;
  EXPECT_FALSE(judge(refused).held);
  Result behind = at(100, 100);
  behind.measuring = 1'100ms;
  EXPECT_FALSE(judge(behind).held);
  EXPECT_THAT(judge(behind).limit, HasSubstr("nothing was full"));
  EXPECT_EQ(judge(at(100, 99)).limit, "an instance");
}

}  // namespace
}  // namespace signalbox::bench
