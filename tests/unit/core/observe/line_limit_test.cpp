#include "core/observe/line_limit.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using namespace std::chrono_literals;

constexpr LineLimit::Clock::time_point kStart{1h};

/// How many of `lines` at this moment are written.
std::uint64_t written(LineLimit& limit, LineLimit::Clock::time_point now, int lines) {
  std::uint64_t count = 0;
  for (int i = 0; i < lines; ++i) {
    if (limit.ask(now).write) ++count;
  }
  return count;
}

TEST(LineLimit, LetsTenLinesThroughInASecond) {
  LineLimit limit;
  EXPECT_EQ(written(limit, kStart, 9), 9u);
  EXPECT_EQ(written(limit, kStart + 999ms, 100), 1u);
  EXPECT_EQ(written(limit, kStart + 1s, 100), 10u);
}

TEST(LineLimit, SaysHowManyWereLeftOut) {
  LineLimit limit;
  written(limit, kStart, 110);
  EXPECT_EQ(limit.ask(kStart + 999ms).left_out, 0u) << "said while there may be more";
  EXPECT_EQ(limit.ask(kStart + 1s).left_out, 101u);
  EXPECT_EQ(limit.ask(kStart + 1s).left_out, 0u) << "said twice";
  EXPECT_EQ(limit.ask(kStart + 5s).left_out, 0u) << "nothing was left out meanwhile";
}

TEST(LineLimit, SaysItAlsoWhenNoLineFollows) {
  LineLimit limit;
  EXPECT_EQ(limit.take_left_out(kStart), 0u);
  written(limit, kStart, 15);
  EXPECT_EQ(limit.take_left_out(kStart + 999ms), 0u);
  EXPECT_EQ(limit.take_left_out(kStart + 1s), 5u);
  EXPECT_EQ(limit.take_left_out(kStart + 2s), 0u);
}

TEST(LineLimit, LosesCountOfNoneWithManyThreads) {
  LineLimit limit;
  std::atomic<std::uint64_t> lines{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int second = 0; second < 100; ++second) {
        for (int i = 0; i < 50; ++i) {
          const LineLimit::Answer answer = limit.ask(kStart + std::chrono::seconds(second));
          lines += answer.left_out + (answer.write ? 1U : 0U);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(lines + limit.take_left_out(kStart + 1h), 4u * 100u * 50u);
}

}  // namespace
}  // namespace signalbox
