#include "bench/loadtest/meter.hpp"

#include <atomic>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "bench/process.hpp"

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

/// Of this process; a sanitizer may have one of its own.
std::ptrdiff_t threads() { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}); }

TEST(Spent, TellsTheBusiestThreadFromAllOfThem) {
  Spent spent({getpid()});
  std::atomic<int> done = 0;
  std::atomic<bool> over = false;
  const auto work = [&](std::chrono::nanoseconds time) {
    spend(time);
    ++done;
    while (!over) usleep(1'000);
  };
  std::thread less([&] { work(100ms); });
  std::thread most([&] { work(200ms); });
  const std::ptrdiff_t before = threads();
  std::thread gone([] { spend(300ms); });
  gone.join();
  // It is joined before the kernel has forgotten it.
  while (done < 2 || threads() > before) usleep(1'000);
  spent.read({getpid()});
  over = true;
  less.join();
  most.join();
  EXPECT_GE(spent.all(), 600ms);
  // Threads that have ended are in the sum, but not here.
  EXPECT_GE(spent.busiest_thread(), 190ms);
  EXPECT_LT(spent.busiest_thread(), spent.all() - 300ms);
}

TEST(Spent, CountsNothingOfAProcessThatIsGone) {
  Process child = Process::start({"true"}, "");
  const pid_t pid = child.pid();
  while (child.running()) usleep(1'000);
  Spent spent({pid});
  spent.read({pid});
  EXPECT_EQ(spent.all(), 0ns);
  EXPECT_EQ(spent.busiest_thread(), 0ns);
}

Process busy_process() {
  return Process::fork_off([] {
    for (std::atomic<bool> on = true; on;) {
    }
    return 0;
  });
}

/// Until it has used so much from now on.
void let_it_use(pid_t pid, std::chrono::nanoseconds time) {
  const auto enough = cpu_time(pid) + time;
  while (cpu_time(pid) < enough) std::this_thread::sleep_for(1ms);
}

TEST(Spent, IsWhatProcessesHaveUsedSinceItWasAskedFor) {
  const Process process = busy_process();
  let_it_use(process.pid(), 50ms);
  const auto before = cpu_time(process.pid());
  Spent spent({process.pid()});
  EXPECT_EQ(spent.all().count(), 0);
  let_it_use(process.pid(), 50ms);
  spent.read({process.pid()});
  EXPECT_GE(spent.all(), 50ms);
  EXPECT_LE(spent.all(), cpu_time(process.pid()) - before) << "not what was before";
  EXPECT_GT(spent.busiest_thread(), 0ms);
  EXPECT_LE(spent.busiest_thread(), cpu_time(process.pid()) - before + 10ms);
}

TEST(Spent, KeepsWhatAKilledProcessHasUsedAndAddsAllOfTheOneThatTakesItsPlace) {
  Process first = busy_process();
  Spent spent({first.pid()});
  let_it_use(first.pid(), 50ms);
  spent.read({first.pid()});
  const auto killed = spent.all();
  first.stop();
  const Process second = busy_process();
  let_it_use(second.pid(), 50ms);
  spent.read({second.pid()});
  EXPECT_GE(spent.all(), killed + 50ms);
}

TEST(Meter, ReadsOnceAfterATimeSoThatIdlenessBeyondItDoesNotCount) {
  const Process process = busy_process();
  const Sides sides{.instances = {}, .broker = {}, .generator = {process.pid()}};
  Meter meter(sides);
  let_it_use(process.pid(), 50ms);
  meter.read_once_after(Meter::Clock::now() + 1h, sides);
  EXPECT_EQ(meter.metered().time.count(), 0) << "that has not come";
  const auto over = Meter::Clock::now();
  meter.read_once_after(over, sides);
  const Metered first = meter.metered();
  EXPECT_GE(first.generator, 50ms);
  EXPECT_GE(first.time, 50ms);
  EXPECT_EQ(first.busiest.back().first, "a thread of the generator");
  EXPECT_GT(first.busiest.back().second, 0);
  kill(process.pid(), SIGSTOP);
  std::this_thread::sleep_for(20ms);
  meter.read_once_after(over, sides);
  EXPECT_EQ(meter.metered().time, first.time);
  EXPECT_EQ(meter.metered().busiest, first.busiest);
  meter.read_once_after(Meter::Clock::now(), sides);
  EXPECT_GT(meter.metered().time, first.time) << "something has come later";
  kill(process.pid(), SIGCONT);
}

}  // namespace
}  // namespace signalbox::bench
