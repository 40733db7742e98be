#include "tests/support/deadline.hpp"

#include <cstdlib>
#include <thread>

namespace signalbox::test {

milliseconds scaled(milliseconds time) {
  static const double factor = [] {
    const char* slow = std::getenv("SIGNALBOX_TEST_SLOW");
    const double value = slow ? std::atof(slow) : 1.0;
    return value > 0 ? value : 1.0;
  }();
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(time.count()) * factor));
}

bool wait_until(const std::function<bool()>& condition, milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + scaled(within);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(3ms);
  }
  return true;
}

}  // namespace signalbox::test
