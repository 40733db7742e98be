#include "tests/support/growth.hpp"

#include <functional>
#include <stdexcept>

#include <gtest/gtest.h>

namespace signalbox::test {
namespace {

std::vector<std::size_t> samples(const std::function<std::size_t(std::size_t)>& of) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < 150; ++i) result.push_back(of(i));
  return result;
}

TEST(Growth, DoesNotMindHowItBeganNorPeaks) {
  const Growth growth(samples([](std::size_t i) { return i < 50 ? 10 * i : i % 7 == 0 ? 9000 : 500 + i % 2; }));
  EXPECT_TRUE(growth.within(1, 0));
}

TEST(Growth, IsSeenWhereItGoesOn) {
  const Growth growth(samples([](std::size_t i) { return 1000 + 10 * i; }));
  EXPECT_EQ(growth.early, 1650u);
  EXPECT_EQ(growth.late, 2350u);
  EXPECT_FALSE(growth.within(699, 0));
  EXPECT_TRUE(growth.within(700, 0));
  EXPECT_FALSE(growth.within(0, 0.42));
  EXPECT_TRUE(growth.within(0, 0.43));
}

TEST(Growth, OfAFewSamplesIsNone) { EXPECT_THROW(Growth({1, 2, 3}), std::invalid_argument); }

}  // namespace
}  // namespace signalbox::test
