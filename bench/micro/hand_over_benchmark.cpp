// Work that one thread hands to another's loop: a batch at a time, beside a post for each piece.
#include <atomic>
#include <cstdint>
#include <thread>

#include <benchmark/benchmark.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "server/net/batch_queue.hpp"

namespace signalbox {
namespace {

constexpr std::uint64_t kPieces = 1'000;

/// A loop in a thread of its own, and how many pieces it has worked off.
class Loop {
 public:
  Loop() : thread_([this] { io.run(); }) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    guard_.reset();
    thread_.join();
  }
  void work() noexcept { done_.store(done_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
  void wait(std::uint64_t pieces) const noexcept {
    while (done_.load(std::memory_order_acquire) < pieces) std::this_thread::yield();
  }

  boost::asio::io_context io{1};

 private:
  std::atomic<std::uint64_t> done_{0};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{io.get_executor()};
  std::thread thread_;
};

template <class Post>
void hand_over(benchmark::State& state, Loop& loop, Post post) {
  std::uint64_t pieces = 0;
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < kPieces; ++i) post([&loop] { loop.work(); });
    loop.wait(pieces += kPieces);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(pieces));
}

void in_batches(benchmark::State& state) {
  Loop loop;
  BatchQueue queue(loop.io);
  hand_over(state, loop, [&](auto work) { queue.post(work); });
}
BENCHMARK(in_batches)->UseRealTime()->MeasureProcessCPUTime();

void bare_posts(benchmark::State& state) {
  Loop loop;
  hand_over(state, loop, [&](auto work) { boost::asio::post(loop.io, work); });
}
BENCHMARK(bare_posts)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace signalbox
