// Whether anybody holds a channel.
#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {

void says_yes_while_and_only_while_a_channel_is_held(Trial& trial) {
  const auto holder = trial.peer();
  const auto other = trial.peer();
  const std::string alice = trial.channel("alice");
  const auto expect_both = [&](bool exists) {
    trial.expect_exists(holder->exists(alice), exists);
    trial.expect_exists(other->exists(alice), exists);
  };
  expect_both(false);
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  expect_both(true);
  ASSERT_TRUE(other->subscribe(alice).ok());
  ASSERT_TRUE(holder->unsubscribe(alice).ok());
  trial.settle();
  expect_both(true);
  ASSERT_TRUE(other->unsubscribe(alice).ok());
  trial.settle();
  expect_both(false);
}

void answers_ten_thousand_questions_at_once(Trial& trial) {
  constexpr std::size_t kNames = 10'000;
  const auto holder = trial.peer();
  const auto asker = trial.peer();
  if (trial.capabilities().exists == ExistsKind::unsupported)
    GTEST_SKIP() << "states that it can't tell whether a channel exists";
  const std::vector<std::string> channels = numbered(trial, "user", kNames);
  std::vector<std::string> held;
  for (std::size_t i = 0; i < kNames; i += 3) held.push_back(channels[i]);
  subscribe_all(*holder, held);
  trial.settle();
  std::vector<Pending> asked;
  for (const std::string& channel : channels) asked.push_back(test::exists(**asker, channel));
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < kNames; ++i) {
    const Outcome outcome = test::wait(std::move(asked[i]));
    ASSERT_TRUE(outcome.ok()) << outcome.code.message() << ": " << outcome.detail;
    if (outcome.exists != (i % 3 == 0)) ++wrong;
  }
  EXPECT_EQ(wrong, 0u);
}

}  // namespace signalbox::conformance
