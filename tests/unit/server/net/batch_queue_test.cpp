#include "server/net/batch_queue.hpp"

#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

TEST(BatchQueue, RunsABatchInOrderAtThePriceOfOneWake) {
  boost::asio::io_context loop;
  BatchQueue queue(loop);
  std::vector<int> done;
  for (int i = 0; i < 100; ++i) queue.post([&done, i] { done.push_back(i); });
  EXPECT_TRUE(done.empty()) << "never inside post()";
  EXPECT_EQ(loop.poll(), 1u) << "handlers that the loop ran";
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(done, expected);
}

TEST(BatchQueue, WakesAgainForWhatComesDuringABatch) {
  boost::asio::io_context loop;
  BatchQueue queue(loop);
  std::vector<int> done;
  queue.post([&] {
    done.push_back(1);
    queue.post([&] { done.push_back(3); });
  });
  queue.post([&] { done.push_back(2); });
  EXPECT_EQ(loop.poll_one(), 1u);
  EXPECT_EQ(done, (std::vector<int>{1, 2}));
  loop.restart();
  EXPECT_EQ(loop.poll(), 1u);
  EXPECT_EQ(done, (std::vector<int>{1, 2, 3}));
}

TEST(BatchQueue, TakesWorkThatCanOnlyBeMoved) {
  boost::asio::io_context loop;
  BatchQueue queue(loop);
  int seen = 0;
  queue.post([&seen, value = std::make_unique<int>(7)] { seen = *value; });
  loop.poll();
  EXPECT_EQ(seen, 7);
}

TEST(BatchQueue, RunsTheOthersOfABatchWhereOneThrows) {
  boost::asio::io_context loop;
  BatchQueue queue(loop);
  std::vector<int> done;
  queue.post([&] { done.push_back(1); });
  queue.post([] { throw std::runtime_error("failed"); });
  queue.post([&] { done.push_back(2); });
  queue.post([&] { done.push_back(3); });
  EXPECT_THROW(loop.poll(), std::runtime_error) << "for the loop to log";
  loop.poll();
  EXPECT_EQ(done, (std::vector<int>{1, 2, 3}));
}

TEST(BatchQueue, KeepsEachThreadsOrderAndLosesNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  boost::asio::io_context loop;
  BatchQueue queue(loop);
  std::vector<std::vector<int>> seen(kThreads);
  int left = kThreads * kEach;
  const auto work = boost::asio::make_work_guard(loop);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        queue.post([&, thread, i] {
          seen[static_cast<std::size_t>(thread)].push_back(i);
          if (--left == 0) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  std::vector<int> expected(kEach);
  std::iota(expected.begin(), expected.end(), 0);
  for (const std::vector<int>& one : seen) EXPECT_EQ(one, expected);
}

}  // namespace
}  // namespace signalbox
