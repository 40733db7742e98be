// What processes have used between two moments, and how busy the machine was.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <vector>

#include <sys/types.h>

namespace signalbox::bench {

/// Of all of them; one that is gone counts nothing.
std::chrono::nanoseconds cpu_time_of(const std::vector<pid_t>& pids);
std::size_t anonymous_bytes_of(const std::vector<pid_t>& pids);

/// What processes have spent since it was constructed. Asked with other processes than then, those count from their beginning.
class Spent {
 public:
  explicit Spent(const std::vector<pid_t>& pids);

  [[nodiscard]] std::chrono::nanoseconds all(const std::vector<pid_t>& pids) const { return cpu_time_of(pids) - all_; }
  /// The thread that has spent the most: a thread can't use more than one core.
  [[nodiscard]] std::chrono::nanoseconds busiest_thread(const std::vector<pid_t>& pids) const;

 private:
  std::chrono::nanoseconds all_;
  std::map<pid_t, std::chrono::nanoseconds> threads_;
};

/// The machine's cores since it was constructed.
class Machine {
 public:
  Machine() : begin_(read()) {}
  /// 0 to 1: what was neither idle nor waiting for a disk.
  [[nodiscard]] double busy() const;

 private:
  struct Ticks {
    unsigned long long busy = 0;
    unsigned long long all = 0;
  };
  static Ticks read();

  Ticks begin_;
};

}  // namespace signalbox::bench
