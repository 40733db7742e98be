#include "bench/interrupt.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

namespace signalbox::bench {
namespace {

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

}  // namespace
}  // namespace signalbox::bench
