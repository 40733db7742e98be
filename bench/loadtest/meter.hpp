// What processes have used between two moments, and how busy the machine was.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include <sys/types.h>

namespace signalbox::bench {

/// Of all of them; one that is gone counts nothing.
std::chrono::nanoseconds cpu_time_of(const std::vector<pid_t>& pids);
std::size_t anonymous_bytes_of(const std::vector<pid_t>& pids);

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
