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

using std::chrono::nanoseconds;

template <class Measure>
void of_each(const std::vector<pid_t>& pids, const Measure& measure) {
  for (const pid_t pid : pids) {
    try {
      measure(pid);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it is gone
    }
  }
}

/// The time that each thread was on a core.
std::map<pid_t, nanoseconds> threads_of(pid_t pid) {
  std::map<pid_t, nanoseconds> times;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::int64_t on_core = 0;
    if (std::ifstream(task.path() / "schedstat") >> on_core) {
      times[static_cast<pid_t>(std::stol(task.path().filename().string()))] = nanoseconds(on_core);
    }
  }
  return times;
}

double cores(nanoseconds used, nanoseconds time) {
  return time.count() == 0 ? 0 : static_cast<double>(used.count()) / static_cast<double>(time.count());
}

}  // namespace

std::size_t anonymous_bytes_of(const std::vector<pid_t>& pids) {
  std::size_t all = 0;
  of_each(pids, [&](pid_t pid) { all += anonymous_bytes(pid); });
  return all;
}

Spent::Spent(const std::vector<pid_t>& pids) {
  read(pids);
  for (auto* readings : {&processes_, &threads_}) {
    for (auto& [id, reading] : *readings) reading.first = reading.last;
  }
}

void Spent::read(const std::vector<pid_t>& pids) {
  of_each(pids, [&](pid_t pid) {
    processes_[pid].last = cpu_time(pid);
    for (const auto& [thread, time] : threads_of(pid)) threads_[thread].last = time;
  });
}

nanoseconds Spent::all() const noexcept {
  nanoseconds all{0};
  for (const auto& [pid, reading] : processes_) all += reading.last - reading.first;
  return all;
}

nanoseconds Spent::busiest_thread() const noexcept {
  nanoseconds most{0};
  for (const auto& [thread, reading] : threads_) most = std::max(most, reading.last - reading.first);
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

Meter::Meter(const Sides& sides)
    : begin_(Clock::now()), read_(begin_), instances_(sides.instances), broker_(sides.broker), generator_(sides.generator) {}

void Meter::read(const Sides& sides) {
  read_ = Clock::now();
  instances_.read(sides.instances);
  broker_.read(sides.broker);
  generator_.read(sides.generator);
  const nanoseconds time = read_ - begin_;
  metered_ = {.time = time,
              .instances = instances_.all(),
              .broker = broker_.all(),
              .generator = generator_.all(),
              .machine_busy = machine_.busy(),
              .busiest = {{"a thread of an instance", cores(instances_.busiest_thread(), time)},
                          {"a thread of the broker", cores(broker_.busiest_thread(), time)},
                          {"a thread of the generator", cores(generator_.busiest_thread(), time)}}};
}

void Meter::read_once_after(Clock::time_point time, const Sides& sides) {
  if (Clock::now() >= time && read_ < time) read(sides);
}

}  // namespace signalbox::bench
