#include "bench/process.hpp"

#include <cstring>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

template <class Predicate>
bool soon(Predicate done) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST(Process, KnowsWhenItsProgramHasEnded) {
  Process process = Process::start({"true"}, "");
  EXPECT_TRUE(soon([&] { return !process.running(); }));
}

TEST(Process, EndsWhenItIsAsked) {
  Process process = Process::start({"sleep", "1000"}, "");
  process.ask_to_stop();
  EXPECT_TRUE(soon([&] { return !process.running(); }));
  process.ask_to_stop();  // nobody: pid -1 would be everybody
}

TEST(Process, KnowsWhatIsInstalled) {
  EXPECT_TRUE(is_installed("true"));
  EXPECT_FALSE(is_installed("no-such-program"));
}

TEST(Process, EndsWithItsOwner) {
  pid_t pid = 0;
  {
    const Process process = Process::start({"sleep", "1000"}, "");
    pid = process.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(Process, IsNotHitByWhatATerminalSendsToItsOwner) {
  const Process process = Process::start({"sleep", "1000"}, "");
  EXPECT_TRUE(soon([&] { return getpgid(process.pid()) == process.pid(); }));
}

TEST(Process, MeasuresTheTimeOfWhatItRuns) {
  Process process = Process::fork_off([]() -> int {
    for (;;) getppid();
  });
  EXPECT_TRUE(soon([&] { return cpu_time(process.pid()) > 30ms; }));
  std::chrono::nanoseconds threads{0};
  for (const auto& [name, time] : thread_times(process.pid())) threads += time;
  EXPECT_GT(threads, 10ms);
}

TEST(Process, SeesMemoryOnceItIsTouched) {
  constexpr std::size_t kSize = 32 * 1024 * 1024;
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const std::size_t reserved = anonymous_bytes(getpid());
  std::memset(memory, 'x', kSize);
  const std::size_t touched = anonymous_bytes(getpid());
  EXPECT_GE(touched - reserved, kSize);
  munmap(memory, kSize);
}

TEST(FreePort, IsBelowTheEphemeralRange) {
  const std::uint16_t port = free_port();
  EXPECT_GE(port, 18'000);
  EXPECT_LE(port, 32'000);
}

TEST(FreePort, IsNeverGivenTwice) {
  std::set<std::uint16_t> ports;  // of 14,000: some of so many draws are equal
  for (int n = 0; n < 1'000; ++n) EXPECT_TRUE(ports.insert(free_port()).second);
}

}  // namespace
}  // namespace signalbox::bench
