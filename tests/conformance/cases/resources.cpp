#include "tests/conformance/cases/resources.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <unistd.h>

namespace signalbox::conformance {

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::chrono::nanoseconds BlockedTime::now() {
  std::ifstream schedstat("/proc/thread-self/schedstat");
  long long running = 0;
  long long runnable = 0;
  schedstat >> running >> runnable;
  return std::chrono::steady_clock::now().time_since_epoch() - std::chrono::nanoseconds(running + runnable);
}

std::size_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace signalbox::conformance
