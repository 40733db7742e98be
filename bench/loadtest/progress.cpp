#include "bench/loadtest/progress.hpp"

#include <cstdio>

#include <unistd.h>

namespace signalbox::bench {

namespace {

constexpr auto kPlainPause = std::chrono::seconds(5);

}  // namespace

Progress::Progress() : terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::tell(const std::string& text) {
  if (terminal_) {
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
    shown_ = true;
    return;
  }
  std::string stage = text.substr(0, text.find(','));
  const Clock::time_point now = Clock::now();
  if (stage == stage_ && now - told_ < kPlainPause) return;
  stage_ = std::move(stage);
  told_ = now;
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Progress::clear() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace signalbox::bench
