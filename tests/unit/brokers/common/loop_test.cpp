#include "brokers/common/loop.hpp"

#include <atomic>
#include <future>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/deadline.hpp"
#include "tests/support/recording_host.hpp"

namespace signalbox::brokers {
namespace {

class LoopTest : public testing::Test, private LoopEvents {
 protected:
  ~LoopTest() override {
    loop_.post([this] { loop_.end(); });
    loop_.join();
  }
  test::RecordingHost host_;
  Loop loop_{"loop test", host_, *this};
  std::atomic<int> turns_ = 0;
  std::atomic<int> ticks_ = 0;
  std::atomic<bool> at_rest_ = false;
  std::atomic<bool> throws_ = false;

 private:
  void on_turn(Time now) override {
    EXPECT_LE(now, Clock::now());
    ++turns_;
    if (throws_.exchange(false)) throw std::runtime_error("no memory");
  }
  void on_tick(Time) override { ++ticks_; }
  [[nodiscard]] bool at_rest() const noexcept override { return at_rest_; }
};

TEST_F(LoopTest, TurnsWithEachTickThoughNothingHappens) {
  loop_.start();
  EXPECT_TRUE(test::wait_until([this] { return ticks_ >= 3 && turns_ >= 3; }));
}

TEST_F(LoopTest, TurnsOnceForAllThatAskForIt) {
  loop_.start();
  std::promise<int> made;
  loop_.post([&] {
    const int before = turns_;
    for (int i = 0; i < 3; ++i) loop_.request_turn();
    EXPECT_EQ(turns_, before) << "not inside the call";
    loop_.post([&, before] { made.set_value(turns_ - before); });
  });
  EXPECT_EQ(made.get_future().get(), 1);
}

TEST_F(LoopTest, IsWokenFromItsRestByAnyThread) {
  at_rest_ = true;
  loop_.start();
  EXPECT_TRUE(test::wait_until([this] { return turns_ == 1; }));
  EXPECT_TRUE(test::wait_until([this] {
    loop_.wake();
    return turns_ > ticks_;
  }));
}

TEST_F(LoopTest, GoesOnAfterWhatThrows) {
  throws_ = true;
  loop_.start();
  EXPECT_TRUE(test::wait_until([this] { return turns_ >= 2; }));
  EXPECT_EQ(host_.log_text(), "no memory\n");
}

}  // namespace
}  // namespace signalbox::brokers
