#include "bench/loadtest/saturation.hpp"

#include <functional>
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
  result.messages.offered = result.messages.taken = result.messages.expected = result.messages.delivered =
      static_cast<std::uint64_t>(rate);
  result.received.delivered = static_cast<std::uint64_t>(rate);
  result.latency.record(rate <= highest ? 1ms : 100ms);
  result.busiest = {{"a thread of an instance", rate <= highest ? 0.5 : 0.99}};
  return result;
}

struct Searched {
  std::vector<double> tried;
  std::vector<double> found;
  std::size_t median = 0;
};

/// `highest(search)`: what the server holds during each.
Searched search(double first, std::size_t searches, const std::function<double(std::size_t)>& highest) {
  Saturation saturation(first, 50ms, searches);
  Searched all;
  while (const auto rate = saturation.next()) {
    all.tried.push_back(*rate);
    saturation.judge(at(*rate, highest(saturation.search())));
    if (all.tried.size() > 200) break;
  }
  for (const Saturation::Found& found : saturation.found()) all.found.push_back(found.rate);
  if (!all.found.empty()) all.median = saturation.median();
  return all;
}

TEST(Saturation, DoublesThenHalvesUntilItIsNearAndGivesEachRateASecondChance) {
  const Searched all = search(1'000, 1, [](std::size_t) { return 5'500; });
  EXPECT_THAT(all.tried, ElementsAre(1'000, 2'000, 4'000, 8'000, 8'000, 6'000, 6'000, 5'000, 5'500, 5'750, 5'750));
  EXPECT_THAT(all.found, ElementsAre(5'500));
}

TEST(Saturation, SearchesAgainFromNearWhatItHasFoundAndTellsTheMedian) {
  const Searched all = search(1'000, 3, [](std::size_t search) {
    return search == 0 ? 5'500.0 : search == 1 ? 2'000.0 : 4'000.0;
  });
  ASSERT_EQ(all.found.size(), 3U);
  EXPECT_NEAR(all.found[0], 5'500, 275);
  EXPECT_NEAR(all.found[1], 2'000, 100);
  EXPECT_NEAR(all.found[2], 4'000, 200);
  EXPECT_EQ(all.median, 2U);
  EXPECT_EQ(all.tried[11], 0.8 * 5'500) << "the second search";
  EXPECT_EQ(search(1'000, 2, [](std::size_t search) { return search == 0 ? 5'500.0 : 2'000.0; }).median, 1U)
      << "the lower of two";
}

TEST(Saturation, LooksBelowTheFirstRateTooAndEndsWhereNothingHolds) {
  const Searched all = search(1'000, 1, [](std::size_t) { return 130; });
  ASSERT_EQ(all.found.size(), 1U);
  EXPECT_NEAR(all.found[0], 130, 7);
  const Searched none = search(1'000, 3, [](std::size_t) { return 0; });
  EXPECT_LT(none.tried.size(), 20U);
  EXPECT_TRUE(none.found.empty());
}

TEST(Saturation, IsNotMisledByOneDisturbedTry) {
  Saturation saturation(1'000, 50ms, 1);
  std::size_t tries = 0;
  while (const auto rate = saturation.next()) saturation.judge(at(*rate, ++tries == 3 ? 0 : 5'500));
  EXPECT_EQ(saturation.found().front().rate, 5'500);
}

TEST(Saturation, KeepsWhatItHasFoundWhenItIsEndedEarly) {
  Saturation saturation(1'000, 50ms, 3);
  saturation.judge(at(1'000, 2'500));
  saturation.judge(at(2'000, 2'500));
  saturation.end();
  EXPECT_FALSE(saturation.next());
  ASSERT_EQ(saturation.found().size(), 1U);
  EXPECT_EQ(saturation.found().front().rate, 2'000);
}

TEST(Saturation, TakesWhatIsLostRefusedOrLateForNotHeld) {
  const auto judge = [](const Result& result) { return Saturation(100, 50ms, 1).judge(result); };
  EXPECT_TRUE(judge(at(100, 100)).held);
  Result lost = at(100, 100);
  --lost.messages.delivered;
  EXPECT_FALSE(judge(lost).held);
  Result refused = at(100, 100);
  --refused.messages.taken;
  EXPECT_FALSE(judge(refused).held);
  Result behind = at(100, 100);
  behind.measuring = 1'100ms;
  EXPECT_FALSE(judge(behind).held);
  EXPECT_THAT(judge(behind).limit, HasSubstr("nothing was full"));
  EXPECT_EQ(judge(at(100, 99)).limit, "a thread of an instance");
  behind.generator_lag.record(20ms);
  EXPECT_EQ(judge(behind).limit, "the generator, which was late itself");
  behind.machine_busy = 0.99;
  EXPECT_EQ(judge(behind).limit, "all cores of the machine");
}

}  // namespace
}  // namespace signalbox::bench
