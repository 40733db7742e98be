#include "server/net/timing_wheel.hpp"

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using std::chrono::milliseconds;
using Tick = TimingWheel::Tick;

const TimingWheel::Clock::time_point kStart{};

TimingWheel::Clock::time_point at(Tick tick) { return kStart + tick * TimingWheel::kTick; }

/// Steps that the wheel does not take for a pause of the process.
void advance_to(TimingWheel& wheel, Tick target) {
  constexpr Tick kStep = TimingWheel::kLongestPause / TimingWheel::kTick;
  while (target - wheel.now() > kStep) wheel.advance(at(wheel.now() + kStep));
  wheel.advance(at(target));
}

class Recorder final : public TimingWheel::Timer {
 public:
  std::function<void()> on_expire;
  int expired = 0;

 private:
  void expire() override {
    ++expired;
    if (on_expire) on_expire();
  }
};

TEST(TimingWheel, CountsTicksSoThatADelayIsSurelyOver) {
  EXPECT_EQ(TimingWheel::ticks(milliseconds(0)), 1u);
  EXPECT_EQ(TimingWheel::ticks(milliseconds(1)), 2u);
  EXPECT_EQ(TimingWheel::ticks(milliseconds(50)), 2u);
  EXPECT_EQ(TimingWheel::ticks(milliseconds(51)), 3u);
  EXPECT_EQ(TimingWheel::ticks(milliseconds(10'000)), 201u);
}

TEST(TimingWheel, ExpiresATimerOnceAtItsTick) {
  TimingWheel wheel(kStart);
  Recorder timer;
  wheel.arm(timer, 3);
  wheel.advance(at(3) - milliseconds(1));
  EXPECT_EQ(timer.expired, 0);
  advance_to(wheel, 3);
  EXPECT_EQ(timer.expired, 1);
  advance_to(wheel, 5000);
  EXPECT_EQ(timer.expired, 1);
}

TEST(TimingWheel, KeepsATimerBeyondOneTurnForAnotherRound) {
  TimingWheel wheel(kStart);
  Recorder near;
  Recorder far;
  Recorder farther;
  wheel.arm(near, 7);
  wheel.arm(far, 7 + 1024);
  wheel.arm(farther, 7 + 3 * 1024);
  advance_to(wheel, 7);
  EXPECT_EQ(near.expired + far.expired + farther.expired, 1);
  advance_to(wheel, 6 + 1024);
  EXPECT_EQ(far.expired, 0);
  advance_to(wheel, 7 + 1024);
  EXPECT_EQ(far.expired, 1);
  advance_to(wheel, 6 + 3 * 1024);
  EXPECT_EQ(farther.expired, 0);
  advance_to(wheel, 7 + 3 * 1024);
  EXPECT_EQ(farther.expired, 1);
}

TEST(TimingWheel, ExpiresWhatIsArmedForThePastAtTheNextTick) {
  TimingWheel wheel(kStart);
  advance_to(wheel, 10);
  Recorder timer;
  wheel.arm(timer, 4);
  advance_to(wheel, 10);
  EXPECT_EQ(timer.expired, 0);
  advance_to(wheel, 11);
  EXPECT_EQ(timer.expired, 1);
}

TEST(TimingWheel, ForgetsATimerThatIsDisarmedOrDestroyed) {
  TimingWheel wheel(kStart);
  Recorder disarmed;
  wheel.arm(disarmed, 2);
  disarmed.disarm();
  disarmed.disarm();
  {
    Recorder destroyed;
    wheel.arm(destroyed, 2);
  }
  Recorder moved;
  wheel.arm(moved, 2);
  wheel.arm(moved, 4);
  advance_to(wheel, 3);
  EXPECT_EQ(disarmed.expired, 0);
  EXPECT_EQ(moved.expired, 0);
  advance_to(wheel, 4);
  EXPECT_EQ(moved.expired, 1);
}

TEST(TimingWheel, LetsATimerDestroyItselfAndOthersWhileItExpires) {
  class Destroyer final : public TimingWheel::Timer {
   public:
    Destroyer(std::vector<std::unique_ptr<Destroyer>>& all, int& expired) : all_(all), expired_(expired) {}

   private:
    void expire() override {
      ++expired_;
      all_.clear();  // itself and those that are due in the same tick
    }
    std::vector<std::unique_ptr<Destroyer>>& all_;
    int& expired_;
  };
  TimingWheel wheel(kStart);
  std::vector<std::unique_ptr<Destroyer>> timers;
  int expired = 0;
  for (int i = 0; i < 5; ++i) {
    timers.push_back(std::make_unique<Destroyer>(timers, expired));
    wheel.arm(*timers.back(), 1);
  }
  advance_to(wheel, 2);
  EXPECT_EQ(expired, 1);
}

TEST(TimingWheel, LetsATimerArmItselfAndOthersWhileItExpires) {
  TimingWheel wheel(kStart);
  Recorder periodic;
  Recorder same_slot;
  periodic.on_expire = [&] {
    wheel.arm(periodic, wheel.now() + 2);
    wheel.arm(same_slot, wheel.now() + 1024);
  };
  wheel.arm(periodic, 2);
  wheel.advance(at(11));  // one advance over many ticks
  EXPECT_EQ(periodic.expired, 5);
  EXPECT_EQ(same_slot.expired, 0);
  periodic.disarm();
  advance_to(wheel, 10 + 1023);
  EXPECT_EQ(same_slot.expired, 0);
  advance_to(wheel, 10 + 1024);
  EXPECT_EQ(same_slot.expired, 1);
}

/// A process that was stopped must not find every pong late when it goes on.
TEST(TimingWheel, DoesNotCountAPauseBeyondASecond) {
  TimingWheel wheel(kStart);
  Recorder timer;
  wheel.arm(timer, 40);
  advance_to(wheel, 10);
  const auto resumed = at(10) + std::chrono::hours(1);
  wheel.advance(resumed);
  EXPECT_EQ(wheel.now(), 30u);
  EXPECT_EQ(timer.expired, 0);
  wheel.advance(resumed + 9 * TimingWheel::kTick);
  EXPECT_EQ(timer.expired, 0);
  wheel.advance(resumed + 10 * TimingWheel::kTick);
  EXPECT_EQ(timer.expired, 1);
}

TEST(TimingWheel, KeepsTheOthersOfATickWhereOneThrows) {
  TimingWheel wheel(kStart);
  Recorder before;
  Recorder bad;
  Recorder after;
  bad.on_expire = [] { throw std::runtime_error("failed"); };
  for (Recorder* timer : {&before, &bad, &after}) wheel.arm(*timer, 1);
  EXPECT_THROW(wheel.advance(at(1)), std::runtime_error);
  EXPECT_EQ(before.expired, 1);
  EXPECT_EQ(after.expired, 0);
  after.disarm();
  wheel.arm(after, 3);
  advance_to(wheel, 3);
  EXPECT_EQ(after.expired, 1);
  EXPECT_EQ(bad.expired, 1);
}

TEST(TimingWheel, LetsATimerDisarmOneOfTheSameTick) {
  TimingWheel wheel(kStart);
  Recorder first;
  Recorder second;
  first.on_expire = [&] { second.disarm(); };
  second.on_expire = [&] { first.disarm(); };
  wheel.arm(first, 1);
  wheel.arm(second, 1);
  advance_to(wheel, 1);
  EXPECT_EQ(first.expired + second.expired, 1);
}

/// Against a table of what is due when.
TEST(TimingWheel, ExpiresWhatIsDueWhateverIsArmedAndDisarmed) {
  std::mt19937 engine(1987);
  const auto random = [&engine] { return static_cast<Tick>(engine()); };
  TimingWheel wheel(kStart);
  std::vector<Recorder> timers(200);
  std::map<std::size_t, Tick> due;  // by timer
  std::size_t expirations = 0;
  for (std::size_t i = 0; i < timers.size(); ++i) {
    timers[i].on_expire = [&, i] {
      ++expirations;
      const auto it = due.find(i);
      ASSERT_TRUE(it != due.end()) << "timer " << i << " is not armed";
      EXPECT_EQ(it->second, wheel.now());
      due.erase(it);
      if (random() % 4 == 0) {  // what a handler does: arm itself or touch another
        const std::size_t other = random() % timers.size();
        const Tick when = wheel.now() + 1 + random() % 1500;
        wheel.arm(timers[other], when);
        due[other] = when;
      }
    };
  }
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = random() % timers.size();
    switch (random() % 4) {
      case 0:
      case 1: {
        const Tick when = wheel.now() + 1 + (random() % 10 == 0 ? random() % 5000 : random() % 100);
        wheel.arm(timers[i], when);
        due[i] = when;
        break;
      }
      case 2:
        timers[i].disarm();
        due.erase(i);
        break;
      default: {
        const Tick target = wheel.now() + (random() % 50 == 0 ? random() % 3000 : random() % 8);
        advance_to(wheel, target);
        ASSERT_EQ(wheel.now(), target);
        for (const auto& [timer, when] : due) ASSERT_GT(when, target) << "timer " << timer << " was missed";
      }
    }
  }
  EXPECT_GT(expirations, 2000u);
}

}  // namespace
}  // namespace signalbox
