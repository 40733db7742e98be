#include "bench/loadtest/meter.hpp"

#include <exception>
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

}  // namespace

std::chrono::nanoseconds cpu_time_of(const std::vector<pid_t>& pids) { return sum<std::chrono::nanoseconds>(pids, cpu_time); }
std::size_t anonymous_bytes_of(const std::vector<pid_t>& pids) { return sum<std::size_t>(pids, anonymous_bytes); }

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
