#include "brokers/redis/backoff.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::redis {
namespace {

constexpr Time kStart{std::chrono::hours(1)};

TEST(Backoff, DoublesFrom100MillisecondsToFiveSecondsWithFullJitter) {
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

TEST(Backoff, StartsAnewAfterAReset) {
  std::mt19937 random(1);
  Backoff backoff;
  backoff.next(random, kStart);
  backoff.reset();
  EXPECT_LE(backoff.next(random, kStart + Duration(60'000)).count(), 100);
}

TEST(Backoff, IsNeverFastForWhatAnOperatorMustCorrect) {
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Duration::rep wait = Backoff::slow(random).count();
    EXPECT_GE(wait, 2500);
    EXPECT_LE(wait, 5000);
  }
}

}  // namespace
}  // namespace signalbox::redis
