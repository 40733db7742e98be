#include "bench/loadtest/plan.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

TEST(Plan, NumbersEachUsersMessagesFromZero) {
  const Plan plan(7, 1'000, 3);
  ASSERT_EQ(plan.messages(), 1'000U);
  std::vector<std::uint32_t> next(7);
  for (std::uint64_t n = 0; n < plan.messages(); ++n) {
    ASSERT_LT(plan.user(n), 7U);
    EXPECT_EQ(plan.sequence(n), next[plan.user(n)]++);
  }
  for (std::uint32_t user = 0; user < 7; ++user) EXPECT_EQ(plan.messages_to(user), next[user]);
}

TEST(Plan, DrawsEachUserAsOften) {
  const Plan plan(10, 100'000, 1);
  for (std::uint32_t user = 0; user < 10; ++user) EXPECT_NEAR(plan.messages_to(user), 10'000, 400);  // four deviations
}

TEST(Plan, IsTheSameForASeedAndAnotherForAnother) {
  const auto users = [](std::uint64_t seed) {
    const Plan plan(1'000'000, 4, seed);
    return std::vector{plan.user(0), plan.user(1), plan.user(2), plan.user(3)};
  };
  EXPECT_EQ(users(5), users(5));
  EXPECT_NE(users(5), users(6));
}

TEST(Leg, EndsBehindItsWarmUpAndItsMessages) {
  const Leg leg{.first = 50, .warmup = 10, .messages = 100, .per_second = 5};
  EXPECT_EQ(leg.measured_from(), 60U);
  EXPECT_EQ(leg.end(), 160U);
}

}  // namespace
}  // namespace signalbox::bench
