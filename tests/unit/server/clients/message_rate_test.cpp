#include "server/clients/message_rate.hpp"

#include <gtest/gtest.h>

namespace signalbox {
namespace {

TEST(MessageRate, IsExceededByMoreThanTheWindowAllowsAndForgetsItAfterwards) {
  constexpr TimingWheel::Tick kStart = 4'294'967'000;  // the ticks wrap around meanwhile
  MessageRate rate(kStart);
  for (int i = 0; i < 50; ++i) rate.count(kStart + 1);
  EXPECT_FALSE(rate.exceeds(5));
  rate.count(kStart + 2);
  EXPECT_TRUE(rate.exceeds(5));
  EXPECT_FALSE(rate.exceeds(6));
  EXPECT_FALSE(rate.exceeds(0)) << "no limit";
  rate.count(kStart + TimingWheel::ticks(MessageRate::kWindow) - 1);
  EXPECT_TRUE(rate.exceeds(5));
  rate.count(kStart + TimingWheel::ticks(MessageRate::kWindow) + 400);
  EXPECT_FALSE(rate.exceeds(5));
}

TEST(MessageRate, CountsALargeMessageAsMany) {
  MessageRate rate(0);
  rate.count(1, 50);
  EXPECT_FALSE(rate.exceeds(5));
  rate.count(1, 0);
  EXPECT_FALSE(rate.exceeds(5));
  rate.count(1);
  EXPECT_TRUE(rate.exceeds(5));
}

}  // namespace
}  // namespace signalbox
