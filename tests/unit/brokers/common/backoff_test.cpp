#include "brokers/common/backoff.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::brokers {
namespace {

constexpr Time kStart{std::chrono::hours(1)};

TEST(Backoff, DoublesFrom100MillisecondsToFiveSecondsWithJitter) {
  std::mt19937 random(1);
  struct Step {
    int outage;
    Duration::rep limit;
  };
  for (const auto& [outage, limit] : {Step{0, 100},
                                      {799, 100},
                                      {800, 200},
                                      {1000, 200},
                                      {1600, 400},
                                      {3200, 800},
                                      {6400, 1600},
                                      {12'800, 3200},
                                      {19'999, 3200},
                                      {20'000, 5000},
                                      {3'600'000, 5000}}) {
    Duration::rep smallest = 10'000;
    Duration::rep largest = 0;
    for (int instance = 0; instance < 1000; ++instance) {
      Backoff backoff;
      backoff.next(random, kStart);
      const Duration::rep wait = backoff.next(random, kStart + Duration(outage)).count();
      smallest = std::min(smallest, wait);
      largest = std::max(largest, wait);
    }
    EXPECT_LE(largest, limit);
    EXPECT_GE(largest, limit * 9 / 10) << outage;
    EXPECT_GE(smallest, 10);
    EXPECT_LE(smallest, limit / 10);
  }
}

TEST(Backoff, NoticesAServerWithinAQuarterOfTheTimeItWasAway) {
  std::mt19937 random(1);
  for (const int outage : {400, 1000, 3000, 10'000}) {
    for (int instance = 0; instance < 200; ++instance) {
      Backoff backoff;
      Time attempt = kStart;
      while (attempt < kStart + Duration(outage)) attempt += backoff.next(random, attempt);  // each is refused at once
      EXPECT_LE(attempt - kStart, Duration(std::max(outage + 100, outage * 5 / 4)));
    }
  }
}

/// The longest of many pauses, if `outage` was followed by a link that lasted so long.
Duration::rep longest_after(Duration outage, Duration lasted) {
  std::mt19937 random(1);
  Duration::rep longest = 0;
  for (int instance = 0; instance < 1000; ++instance) {
    Backoff backoff;
    backoff.next(random, kStart);
    backoff.proved(kStart + outage);
    longest = std::max(longest, backoff.next(random, kStart + outage + lasted).count());
  }
  return longest;
}

TEST(Backoff, StartsAnewAfterALinkThatLastedFiveSecondsOrAsLongAsTheOutage) {
  EXPECT_LE(longest_after(Duration(60'000), Duration(5000)), 100);
  EXPECT_LE(longest_after(Duration(1000), Duration(1000)), 100);
  EXPECT_GT(longest_after(Duration(60'000), Duration(4999)), 4000);
  EXPECT_GT(longest_after(Duration(6400), Duration(1000)), 700);
}

TEST(Backoff, GrowsWhereEachLinkProvesItselfAndIsCutAtOnce) {
  std::mt19937 random(1);
  Backoff backoff;
  int links = 0;
  for (Time now = kStart; now < kStart + Duration(60'000); ++links) {
    now += backoff.next(random, now);
    backoff.proved(now);
  }
  EXPECT_LE(links, 120);  // and not some 1,100
  EXPECT_GT(links, 20);
}

TEST(Backoff, TakesARefusalForTheEndOfALinkToo) {
  std::mt19937 random(1);
  Backoff backoff;
  backoff.proved(kStart);
  backoff.slow(random, kStart);
  EXPECT_GT(backoff.next(random, kStart + Duration(60'000)).count() + backoff.next(random, kStart + Duration(60'000)).count(),
            200);
}

TEST(Backoff, IsNeverFastForWhatAnOperatorMustCorrect) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Duration::rep wait = Backoff().slow(random, kStart).count();
    EXPECT_GE(wait, 2500);
    EXPECT_LE(wait, 5000);
  }
}

}  // namespace
}  // namespace signalbox::brokers
