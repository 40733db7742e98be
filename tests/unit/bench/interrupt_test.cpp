#include "bench/interrupt.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

constexpr int kThrown = 7;
constexpr int kNothing = 8;

/// In a process of its own: ends it with what came of the signal.
[[noreturn]] void die_of(int signal) {
  catch_interrupts();
  raise(signal);
  try {
    pause_for(std::chrono::milliseconds(0));
  } catch (const Interrupted&) {
    _exit(kThrown);
  }
  _exit(kNothing);
}

TEST(Interrupt, IsThrownWhateverEndsARun) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    EXPECT_EXIT((std::signal(SIGHUP, SIG_DFL), die_of(signal)), testing::ExitedWithCode(kThrown), "") << signal;
  }
}

TEST(Interrupt, IsNoClosedTerminalWhereNohupSaysSo) {
  EXPECT_EXIT((std::signal(SIGHUP, SIG_IGN), die_of(SIGHUP)), testing::ExitedWithCode(kNothing), "");
}

TEST(Interrupt, IsNoReaderThatIsGone) { EXPECT_EXIT(die_of(SIGPIPE), testing::ExitedWithCode(kNothing), ""); }

TEST(WaitWhileMoving, WaitsForAsLongAsSomethingMoves) {
  std::uint64_t moved = 0;
  EXPECT_TRUE(wait_while_moving([&] { return moved == 20; }, [&] { return ++moved; }, 30ms))
      << "200 ms, far beyond its patience";
}

TEST(WaitWhileMoving, EndsWhenNothingHasMovedForItsPatience) {
  std::uint64_t asked = 0;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(wait_while_moving([] { return false; }, [&] { return ++asked % 2 == 0 ? 7U : 3U; }, 50ms));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
}

}  // namespace
}  // namespace signalbox::bench
