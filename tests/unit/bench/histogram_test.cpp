#include "bench/histogram.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using std::chrono::nanoseconds;

TEST(Histogram, IsAllZeroWhenEmpty) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min().count(), 0);
  EXPECT_EQ(histogram.max().count(), 0);
  EXPECT_EQ(histogram.mean().count(), 0);
  EXPECT_EQ(histogram.percentile(99).count(), 0);
}

TEST(Histogram, TellsSmallValuesApartExactly) {
  Histogram histogram;
  for (int value = 1; value <= 1000; ++value) histogram.record(nanoseconds(value));
  EXPECT_EQ(histogram.min().count(), 1);
  EXPECT_EQ(histogram.percentile(0).count(), 1);
  EXPECT_EQ(histogram.percentile(50).count(), 500);
  EXPECT_EQ(histogram.percentile(99).count(), 990);
  EXPECT_EQ(histogram.percentile(99.9).count(), 999);
  EXPECT_EQ(histogram.percentile(100).count(), 1000);
  EXPECT_EQ(histogram.mean().count(), 501);  // 500.5, rounded
}

TEST(Histogram, KeepsThreeDigitsFromNanosecondsToAnHour) {
  for (double value = 1; value < 3.6e12; value *= 1.37) {
    Histogram histogram;
    const auto exact = static_cast<std::int64_t>(value);
    histogram.record(nanoseconds(exact));
    histogram.record(Histogram::kHighest);  // so that max() does not make it exact
    const auto found = histogram.percentile(50).count();
    EXPECT_GE(found, exact);
    EXPECT_LE(static_cast<double>(found - exact), static_cast<double>(exact) / 1000) << exact;
  }
}

TEST(Histogram, SeparatesNeighboursAtEveryCellBorder) {
  for (int bit = 11; bit < 41; ++bit) {
    const std::int64_t border = std::int64_t{1} << bit;
    Histogram histogram;
    histogram.record(nanoseconds(border - 1));
    histogram.record(nanoseconds(border));
    EXPECT_EQ(histogram.percentile(50).count(), border - 1);
    EXPECT_EQ(histogram.percentile(100).count(), border);
  }
}

TEST(Histogram, ClampsWhatIsOutOfRange) {
  Histogram histogram;
  histogram.record(nanoseconds(-5));
  histogram.record(Histogram::kHighest * 2);
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.min().count(), 0);
  EXPECT_EQ(histogram.max(), Histogram::kHighest);
  EXPECT_EQ(histogram.percentile(100), Histogram::kHighest);
}

TEST(Histogram, AgreesWithSortingWithinItsPrecision) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> latency(13, 2);
  Histogram histogram;
  std::vector<std::int64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(latency(random)));
    histogram.record(nanoseconds(values.back()));
  }
  std::sort(values.begin(), values.end());
  for (const std::size_t permille : {10u, 500u, 900u, 990u, 999u, 1000u}) {
    const auto exact = static_cast<double>(values[permille * values.size() / 1000 - 1]);
    const auto found = histogram.percentile(static_cast<double>(permille) / 10).count();
    EXPECT_NEAR(static_cast<double>(found), exact, exact / 1000 + 1) << permille;
  }
}

TEST(Histogram, MergesAsIfOneHadRecordedAll) {
  Histogram one, other, both;
  for (int i = 0; i < 1000; ++i) {
    const nanoseconds value(i * i * 1000);
    (i % 3 == 0 ? one : other).record(value);
    both.record(value);
  }
  one.merge(other);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.min(), both.min());
  EXPECT_EQ(one.max(), both.max());
  EXPECT_EQ(one.mean(), both.mean());
  for (const double percent : {10.0, 50.0, 99.0}) EXPECT_EQ(one.percentile(percent), both.percentile(percent));
}

}  // namespace
}  // namespace signalbox::bench
