#include "bench/loadtest/meter.hpp"

#include <atomic>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include "bench/process.hpp"
#include "bench/shared_latencies.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

/// Until this thread has been on a core for so long.
void spend(std::chrono::nanoseconds time) {
  timespec spent{};
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  } while (std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec) < time);
}

TEST(Spent, TellsTheBusiestThreadFromAllOfThem) {
  const auto stage = share<std::atomic<int>>();
  Process child = Process::fork_off([&] {
    while (*stage == 0) usleep(1'000);
    std::thread less([] { spend(100ms); });
    spend(200ms);
    less.join();
    std::thread more([] { spend(300ms); });
    more.join();
    *stage = 2;
    for (;;) pause();
    return 0;
  });
  const Spent spent({child.pid()});
  *stage = 1;
  while (*stage != 2) usleep(1'000);
  EXPECT_GE(spent.all({child.pid()}), 600ms);
  // Threads that have ended are in the sum, but not here.
  EXPECT_GE(spent.busiest_thread({child.pid()}), 190ms);
  EXPECT_LT(spent.busiest_thread({child.pid()}), spent.all({child.pid()}) - 300ms);
  EXPECT_EQ(Spent({child.pid()}).busiest_thread({child.pid()}), 0ns);
}

TEST(Spent, CountsNothingOfAProcessThatIsGone) {
  Process child = Process::start({"true"}, "");
  const pid_t pid = child.pid();
  while (child.running()) usleep(1'000);
  EXPECT_EQ(Spent({pid}).busiest_thread({pid}), 0ns);
}

}  // namespace
}  // namespace signalbox::bench
