#include "brokers/nats/attempts.hpp"

#include <atomic>
#include <chrono>
#include <future>

#include <gtest/gtest.h>

namespace signalbox::nats {
namespace {

using namespace std::chrono_literals;

TEST(NatsAttempts, AreAwaitedUntilTheyAreOver) {
  Attempts attempts;
  std::promise<void> go;
  std::atomic<int> over = 0;
  attempts.start([&] { ++over; });
  attempts.start([&, gone = go.get_future().share()] {
    gone.wait();
    ++over;
  });
  go.set_value();
  attempts.await(Clock::now() + 60s);
  EXPECT_EQ(over, 2);
}

TEST(NatsAttempts, AreLeftToThemselvesPastTheDeadline) {
  std::promise<void> go;
  std::promise<void> ended;
  {
    Attempts attempts;
    attempts.start([&, gone = go.get_future().share()] {
      gone.wait();
      ended.set_value();
    });
    attempts.await(Clock::now() + 10ms);
  }
  go.set_value();
  EXPECT_EQ(ended.get_future().wait_for(60s), std::future_status::ready);
}

}  // namespace
}  // namespace signalbox::nats
