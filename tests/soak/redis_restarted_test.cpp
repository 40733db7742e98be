// Redis is killed and started again, over and over, under load.
#include <random>

#include <gtest/gtest.h>

#include "tests/integration/under_load.hpp"
#include "tests/soak/rounds.hpp"

namespace signalbox::test {
namespace {

TEST(Soak, EveryLossOfARestartedRedisLiesInAGapThatWasTold) {
  std::mt19937 random(20240501);
  const auto up_to = [&](int most) { return milliseconds(std::uniform_int_distribution<int>(0, most)(random)); };
  UnderLoad load;
  std::vector<milliseconds> ready_again;
  for (int round = 0; round < soak_rounds(); ++round) {
    std::this_thread::sleep_for(up_to(400));  // the moment is what is tried here
    load.fault({"one", "two"});
    load.redis.kill();
    std::this_thread::sleep_for(up_to(300));
    load.redis.restart();
    load.mended();
    ASSERT_TRUE(load.wait_recovered()) << "round " << round << ": " << load.reasons();
    ready_again.push_back(load.figures("").ready_again.value_or(0ms));
  }
  load.wait_answered("delivered", 100);
  load.expect_no_lie();
  std::cout << load.ledger.sent() << " messages sent, " << load.ledger.lost()
            << " lost on their way to a client, each in a gap that it was told\n";
  print_distribution("ready again after Redis answers PING", ready_again);
}

}  // namespace
}  // namespace signalbox::test
