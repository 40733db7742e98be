#include "bench/loadtest/progress.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace signalbox::bench {
namespace {

/// What is written to standard error comes to a terminal while this lives.
class Terminal {
 public:
  Terminal() {
    grantpt(master_);
    unlockpt(master_);
    std::array<char, 64> name{};
    ptsname_r(master_, name.data(), name.size());
    const int slave = open(name.data(), O_RDWR | O_NOCTTY);
    dup2(slave, STDERR_FILENO);
    close(slave);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    close(master_);
  }
  /// Until `last` is there: the kernel hands it on in its own time.
  [[nodiscard]] std::string shown_until(const std::string& last) const {
    std::string shown;
    pollfd readable{.fd = master_, .events = POLLIN, .revents = 0};
    while (shown.find(last) == std::string::npos && poll(&readable, 1, 10'000) == 1) {
      std::array<char, 4096> text{};
      const ssize_t size = read(master_, text.data(), text.size());
      if (size <= 0) break;
      shown.append(text.data(), static_cast<std::size_t>(size));
    }
    return shown;
  }

 private:
  int before_ = dup(STDERR_FILENO);
  int master_ = posix_openpt(O_RDWR | O_NOCTTY);
};

TEST(Progress, IsWrittenAFewTimesASecondHoweverOftenItIsTold) {
  const Terminal terminal;
  Progress progress;
  for (int n = 0; n < 80; ++n) progress.tell("redis: connecting, " + std::to_string(n));
  progress.tell("redis: measuring, 0 %");
  const std::string shown = terminal.shown_until("measuring");
  EXPECT_NE(shown.find("connecting, 0"), std::string::npos);
  EXPECT_NE(shown.find("measuring"), std::string::npos) << "what is new is shown at once";
  EXPECT_LT(std::count(shown.begin(), shown.end(), '\r'), 40);
}

}  // namespace
}  // namespace signalbox::bench
