#include "bench/standstill.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>

namespace signalbox::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{1};

void stay_on(unsigned core) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}

Standstill watch_core(unsigned core, std::chrono::milliseconds time) {
  stay_on(core);
  Standstill seen;
  std::chrono::nanoseconds stood{0};
  const Clock::time_point begin = Clock::now();
  for (Clock::time_point last = begin; last - begin < time;) {
    const Clock::time_point now = Clock::now();
    if (now - last > kPause) stood += now - last;
    seen.longest = std::max<std::chrono::nanoseconds>(seen.longest, now - last);
    last = now;
  }
  seen.share = std::chrono::duration<double>(stood) / std::chrono::duration<double>(time);
  return seen;
}

}  // namespace

Standstill watch_standstill(std::chrono::milliseconds time) {
  std::vector<Standstill> seen(std::thread::hardware_concurrency());
  std::vector<std::thread> threads;
  for (unsigned core = 0; core < seen.size(); ++core) {
    threads.emplace_back([&seen, core, time] { seen[core] = watch_core(core, time); });
  }
  for (std::thread& thread : threads) thread.join();
  return *std::max_element(seen.begin(), seen.end(), [](const auto& a, const auto& b) { return a.share < b.share; });
}

}  // namespace signalbox::bench
