#include "bench/loadtest/tally.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using Arrival = Tally::Arrival;

TEST(Tally, TellsLateOnesFromSecondOnes) {
  Tally tally;
  EXPECT_EQ(tally.take(0, 10), Arrival::in_order);
  EXPECT_EQ(tally.take(3, 10), Arrival::in_order) << "what was skipped may be lost: that is no reorder";
  EXPECT_EQ(tally.take(1, 10), Arrival::reordered);
  EXPECT_EQ(tally.take(1, 10), Arrival::duplicate);
  EXPECT_EQ(tally.take(3, 10), Arrival::duplicate);
  EXPECT_EQ(tally.take(4, 10), Arrival::in_order);
  EXPECT_EQ(tally.take(2, 10), Arrival::reordered) << "however late";
  EXPECT_EQ(tally.take(9, 10), Arrival::in_order);
  EXPECT_EQ(tally.take(0, 10), Arrival::duplicate) << "however late";
}

}  // namespace
}  // namespace signalbox::bench
