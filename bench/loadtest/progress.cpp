#include "bench/loadtest/progress.hpp"

#include <cstdio>

#include <unistd.h>

namespace signalbox::bench {

namespace {

constexpr std::chrono::milliseconds kTerminalPause{100};
constexpr std::chrono::milliseconds kPlainPause{5'000};

}  // namespace

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::tell(const std::string& text) {
  std::string stage = text.substr(0, text.find(','));
  const Clock::time_point now = Clock::now();
  if (stage == stage_ && now - told_ < (terminal_ ? kTerminalPause : kPlainPause)) return;
  stage_ = std::move(stage);
  told_ = now;
  std::fprintf(stderr, terminal_ ? "\r%s\x1b[K" : "%s\n", text.c_str());
  shown_ = terminal_;
}

void Progress::clear() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace signalbox::bench
