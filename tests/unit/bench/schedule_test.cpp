#include "bench/schedule.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

const Schedule::Clock::time_point kStart{seconds(1000)};

TEST(Schedule, SpacesMessagesEvenly) {
  const Schedule schedule(kStart, 4);
  EXPECT_EQ(schedule.intended(0), kStart);
  EXPECT_EQ(schedule.intended(1), kStart + nanoseconds(250'000'000));
  EXPECT_EQ(schedule.intended(40), kStart + seconds(10));
}

TEST(Schedule, DoesNotDriftOverAMillionMessages) {
  const Schedule schedule(kStart, 3);
  EXPECT_EQ(schedule.intended(3'000'000), kStart + seconds(1'000'000));
  EXPECT_EQ(schedule.intended(1), kStart + nanoseconds(333'333'333));
}

TEST(Schedule, SaysHowManyAreDue) {
  const Schedule schedule(kStart, 1000);
  EXPECT_EQ(schedule.due(kStart - nanoseconds(1)), 0u);
  EXPECT_EQ(schedule.due(kStart), 1u);
  EXPECT_EQ(schedule.due(kStart + nanoseconds(999'999)), 1u);
  EXPECT_EQ(schedule.due(kStart + nanoseconds(1'000'000)), 2u);
  EXPECT_EQ(schedule.due(kStart + seconds(2)), 2001u);
}

TEST(Schedule, AgreesWithItselfAtUnevenRates) {
  for (const double rate : {0.3, 7.0, 999.9, 123'456.7}) {
    const Schedule schedule(kStart, rate);
    for (std::uint64_t n = 0; n < 5000; n += 7) {
      EXPECT_EQ(schedule.due(schedule.intended(n)), n + 1) << rate;
      EXPECT_EQ(schedule.due(schedule.intended(n) - nanoseconds(1)), n) << rate;
    }
  }
}

}  // namespace
}  // namespace signalbox::bench
