#include "bench/loadtest/numbers.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

TEST(Numbers, HaveTheirThousandsGrouped) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1'000), "1,000");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(fixed(1'234.56, 1), "1,234.6");
  EXPECT_EQ(fixed(-1'234.56, 0), "-1,235");
  EXPECT_EQ(fixed(-0.2, 0), "0");
}

TEST(Numbers, KeepThreeDigitsThatCount) {
  EXPECT_EQ(significant(0.0451), "0.045");
  EXPECT_EQ(significant(1.234), "1.23");
  EXPECT_EQ(significant(45.67), "45.7");
  EXPECT_EQ(significant(1'234.4), "1,234");
  EXPECT_EQ(milliseconds(std::chrono::microseconds(2'345)), "2.35");
}

}  // namespace
}  // namespace signalbox::bench
