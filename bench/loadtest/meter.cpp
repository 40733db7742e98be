#include "bench/loadtest/meter.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "bench/process.hpp"

namespace signalbox::bench {

namespace {

template <class Amount, class Measure>
Amount sum(const std::vector<pid_t>& pids, const Measure& measure) {
  Amount all{0};
  for (const pid_t pid : pids) {
    try {
      all += measure(pid);
    } catch (const std::exception&) {  // gone
    }
  }
  return all;
}

/// The time that each thread was on a core.
std::map<pid_t, std::chrono::nanoseconds> threads_of(const std::vector<pid_t>& pids) {
  std::map<pid_t, std::chrono::nanoseconds> times;
  for (const pid_t pid : pids) {
    try {
      for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::int64_t on_core = 0;
        if (std::ifstream(task.path() / "schedstat") >> on_core) {
          times[static_cast<pid_t>(std::stol(task.path().filename().string()))] = std::chrono::nanoseconds(on_core);
        }
      }
    } catch (const std::exception&) {  // gone
    }
  }
  return times;
}

}  // namespace

std::chrono::nanoseconds cpu_time_of(const std::vector<pid_t>& pids) { return sum<std::chrono::nanoseconds>(pids, cpu_time); }
std::size_t anonymous_bytes_of(const std::vector<pid_t>& pids) { return sum<std::size_t>(pids, anonymous_bytes); }

Spent::Spent(const std::vector<pid_t>& pids) : all_(cpu_time_of(pids)), threads_(threads_of(pids)) {}

std::chrono::nanoseconds Spent::busiest_thread(const std::vector<pid_t>& pids) const {
  std::chrono::nanoseconds most{0};
  for (const auto& [thread, time] : threads_of(pids)) {
    const auto before = threads_.find(thread);
    most = std::max(most, before == threads_.end() ? time : time - before->second);
  }
  return most;
}

Machine::Ticks Machine::read() {
  // user nice system idle iowait irq softirq steal; the guests' time behind that is in user already.
  constexpr int kFields = 8, kIdle = 3, kIoWait = 4;
  std::ifstream stat("/proc/stat");
  std::string word;
  stat >> word;
  Ticks ticks;
  for (int field = 0; field < kFields; ++field) {
    unsigned long long value = 0;
    stat >> value;
    ticks.all += value;
    if (field != kIdle && field != kIoWait) ticks.busy += value;
  }
  return ticks;
}

double Machine::busy() const {
  const Ticks now = read();
  const unsigned long long all = now.all - begin_.all;
  return all == 0 ? 0 : static_cast<double>(now.busy - begin_.busy) / static_cast<double>(all);
}

}  // namespace signalbox::bench
