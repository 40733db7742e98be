#include "bench/loadtest/plan.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

TEST(Plan, NumbersEachUsersMessagesFromZero) {
  const Plan plan({.users = 7, .messages = 900, .warmup = 100, .per_second = 10, .seed = 3});
  ASSERT_EQ(plan.messages(), 1'000U);
  EXPECT_FALSE(plan.measured(99));
  EXPECT_TRUE(plan.measured(100));
  std::vector<std::uint32_t> next(7);
  for (std::uint64_t n = 0; n < plan.messages(); ++n) {
    ASSERT_LT(plan.user(n), 7U);
    EXPECT_EQ(plan.sequence(n), next[plan.user(n)]++);
  }
  for (std::uint32_t user = 0; user < 7; ++user) EXPECT_EQ(plan.messages_to(user), next[user]);
}

TEST(Plan, DrawsEachUserAsOften) {
  const Plan plan({.users = 10, .messages = 100'000, .seed = 1});
  for (std::uint32_t user = 0; user < 10; ++user) EXPECT_NEAR(plan.messages_to(user), 10'000, 400);  // four deviations
}

TEST(Plan, IsTheSameForASeedAndAnotherForAnother) {
  const auto users = [](std::uint64_t seed) {
    const Plan plan({.users = 1'000'000, .messages = 4, .seed = seed});
    return std::vector{plan.user(0), plan.user(1), plan.user(2), plan.user(3)};
  };
  EXPECT_EQ(users(5), users(5));
  EXPECT_NE(users(5), users(6));
}

}  // namespace
}  // namespace signalbox::bench
