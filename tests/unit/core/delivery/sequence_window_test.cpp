#include "core/delivery/sequence_window.hpp"

#include <atomic>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

constexpr std::uint64_t kWindow = SequenceWindow::kSequences;

class SequenceWindowTest : public testing::Test {
 protected:
  bool first(std::uint64_t sequence, std::uint64_t publisher = 7) { return window_->first_time(publisher, sequence); }

  std::unique_ptr<SequenceWindow> window_ = std::make_unique<SequenceWindow>();
};

TEST_F(SequenceWindowTest, TakesEachSequenceOnce) {
  for (std::uint64_t sequence = 0; sequence < 3 * kWindow; ++sequence) {
    ASSERT_TRUE(first(sequence)) << sequence;
    ASSERT_FALSE(first(sequence)) << sequence;
    if (sequence > 0) {
      ASSERT_FALSE(first(sequence - 1)) << sequence;
    }
  }
}

TEST_F(SequenceWindowTest, TakesWhatComesOutOfOrderOnce) {
  EXPECT_TRUE(first(5000));
  for (std::uint64_t back = kWindow - 1; back > 0; --back) {
    ASSERT_TRUE(first(5000 - back)) << back;
    ASSERT_FALSE(first(5000 - back)) << back;
  }
  EXPECT_FALSE(first(5000));
}

TEST_F(SequenceWindowTest, CanNotJudgeWhatIsOlderThanTheWindow) {
  EXPECT_TRUE(first(1));
  EXPECT_TRUE(first(kWindow));
  EXPECT_FALSE(first(1)) << "the oldest that is remembered";
  EXPECT_TRUE(first(kWindow + 1));
  EXPECT_TRUE(first(1)) << "forgotten";
  EXPECT_TRUE(first(1)) << "and not remembered again";
  EXPECT_FALSE(first(kWindow)) << "what can't be judged disturbs nothing";
  EXPECT_TRUE(first(2)) << "never seen";
}

TEST_F(SequenceWindowTest, ForgetsWhatAJumpLeavesBehind) {
  for (std::uint64_t sequence = 0; sequence < kWindow; ++sequence) first(sequence);
  EXPECT_TRUE(first(kWindow + 99));
  for (std::uint64_t skipped = kWindow; skipped < kWindow + 99; ++skipped) ASSERT_TRUE(first(skipped)) << skipped;
  EXPECT_FALSE(first(100)) << "still in the window";

  EXPECT_TRUE(first(10 * kWindow));
  for (std::uint64_t back = 1; back < kWindow; ++back) ASSERT_TRUE(first(10 * kWindow - back)) << back;
}

TEST_F(SequenceWindowTest, AJumpByTheWholeWindowKeepsNothing) {
  EXPECT_TRUE(first(50));
  EXPECT_TRUE(first(50 + kWindow));
  EXPECT_FALSE(first(50 + kWindow));
  EXPECT_TRUE(first(51));
}

TEST_F(SequenceWindowTest, WorksUpToTheLastNumber) {
  constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(first(kLast));
  EXPECT_FALSE(first(kLast));
  EXPECT_TRUE(first(kLast - 1));
  EXPECT_TRUE(first(0)) << "far outside";
}

TEST_F(SequenceWindowTest, KeepsPublishersApart) {
  EXPECT_TRUE(first(1, 1));
  EXPECT_TRUE(first(1, 2));
  EXPECT_FALSE(first(1, 1));
  EXPECT_FALSE(first(1, 2));
}

TEST_F(SequenceWindowTest, ForgetsTheFirstOfTooManyPublishers) {
  constexpr auto kMost = SequenceWindow::kPublishers;
  for (std::uint64_t publisher = 0; publisher < kMost; ++publisher) ASSERT_TRUE(first(1, publisher));
  for (std::uint64_t publisher = 0; publisher < kMost; ++publisher) ASSERT_FALSE(first(1, publisher)) << publisher;
  EXPECT_TRUE(first(1, kMost));
  EXPECT_FALSE(first(1, 1)) << "only one is forgotten";
  EXPECT_TRUE(first(1, 0)) << "the one that came first";
  EXPECT_TRUE(first(1, 1)) << "whose return pushed out the next";
  EXPECT_FALSE(first(1, kMost));
}

TEST_F(SequenceWindowTest, CountsEachMessageOnceOverManyThreads) {
  constexpr std::uint64_t kEach = kWindow / 2;
  std::atomic<std::uint64_t> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t sequence = 0; sequence < kEach; ++sequence) {
        for (std::uint64_t publisher = 0; publisher < 8; ++publisher) taken += first(sequence, publisher) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 8 * kEach);
}

}  // namespace
}  // namespace signalbox
