#include "brokers/common/fifo.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace signalbox::brokers {
namespace {

using Number = std::unique_ptr<int>;

TEST(Fifo, GivesBackInOrderWhileItGrowsAndGoesRound) {
  Fifo<Number> fifo;
  int next = 0;
  int first = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 70; ++i) fifo.push_back(std::make_unique<int>(next++));
    EXPECT_EQ(*fifo[1], first + 1);
    for (int i = 0; i < 60; ++i, fifo.pop_front()) ASSERT_EQ(*fifo.front(), first++);
  }
  EXPECT_EQ(fifo.size(), 1000U);
  for (const Number& number : fifo) ASSERT_EQ(*number, first++);
}

TEST(Fifo, IsOfUseAgainAfterItHasGivenALargeBlockBack) {
  Fifo<Number> fifo;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 40'000; ++i) fifo.push_back(std::make_unique<int>(i));
    for (int i = 0; i < 40'000; ++i, fifo.pop_front()) ASSERT_EQ(*fifo.front(), i);
    EXPECT_TRUE(fifo.empty());
  }
}

}  // namespace
}  // namespace signalbox::brokers
