#include "tests/support/deadline.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

namespace signalbox::test {
namespace {

constexpr milliseconds kLongestPause = 5s;

}  // namespace

milliseconds scaled(milliseconds time) {
  static const double factor = [] {
    const char* slow = std::getenv("SIGNALBOX_TEST_SLOW");
    const double value = slow ? std::atof(slow) : 1.0;
    return value > 0 ? value : 1.0;
  }();
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(time.count()) * factor));
}

bool wait_until(const std::function<bool()>& condition, milliseconds within) {
  using Clock = std::chrono::steady_clock;
  Clock::duration left = scaled(within);
  for (Clock::time_point asked = Clock::now(); !condition();) {
    if (left <= 0ms) return condition();
    std::this_thread::sleep_for(3ms);
    const Clock::time_point now = Clock::now();
    left -= std::min<Clock::duration>(now - std::exchange(asked, now), kLongestPause);
  }
  return true;
}

bool keeps_bound(const std::function<bool()>& attempt) { return attempt() || attempt(); }

}  // namespace signalbox::test
