#include "brokers/redis/backoff.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::redis {
namespace {

TEST(Backoff, DoublesFrom100MillisecondsToFiveSecondsWithFullJitter) {
  std::mt19937 random(1);
  const std::vector<Duration::rep> limits{100, 200, 400, 800, 1600, 3200, 5000, 5000};
  std::vector<Duration::rep> smallest(limits.size(), 10'000);
  std::vector<Duration::rep> largest(limits.size(), 0);
  for (int instance = 0; instance < 1000; ++instance) {
    Backoff backoff;
    for (std::size_t attempt = 0; attempt < limits.size(); ++attempt) {
      const Duration::rep wait = backoff.next(random).count();
      smallest[attempt] = std::min(smallest[attempt], wait);
      largest[attempt] = std::max(largest[attempt], wait);
    }
  }
  for (std::size_t attempt = 0; attempt < limits.size(); ++attempt) {
    EXPECT_LE(largest[attempt], limits[attempt]);
    EXPECT_GE(largest[attempt], limits[attempt] * 9 / 10);
    EXPECT_LE(smallest[attempt], limits[attempt] / 10);
  }
}

TEST(Backoff, StartsAnewAfterAReset) {
  std::mt19937 random(1);
  Backoff backoff;
  for (int i = 0; i < 20; ++i) backoff.next(random);
  backoff.reset();
  EXPECT_LE(backoff.next(random).count(), 100);
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
