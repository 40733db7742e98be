#include "bench/interrupt.hpp"

#include <algorithm>
#include <csignal>
#include <thread>

namespace signalbox::bench {

namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

void catch_interrupts() {
  const auto note = [](int) { interrupted = 1; };
  if (std::signal(SIGHUP, note) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, note);
  std::signal(SIGPIPE, SIG_IGN);
}

void pause_for(std::chrono::milliseconds time) {
  wait_for([] { return false; }, time);
}

bool wait_for(const std::function<bool()>& done, std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  for (;;) {
    if (interrupted != 0) throw Interrupted();
    if (done()) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

bool wait_while_moving(const std::function<bool()>& done, const std::function<std::uint64_t()>& progress,
                       std::chrono::milliseconds patience) {
  std::uint64_t most = 0;
  Clock::time_point moved = Clock::now();
  while (!done()) {
    const std::uint64_t now = progress();
    if (now > most) moved = Clock::now();
    most = std::max(most, now);
    if (Clock::now() - moved > patience) return false;
    pause_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace signalbox::bench
