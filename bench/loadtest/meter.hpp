// What processes have used between two moments, and how busy the machine was.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace signalbox::bench {

/// Of all of them; one that is gone counts nothing.
std::size_t anonymous_bytes_of(const std::vector<pid_t>& pids);

/// CPU time of processes since it was constructed.
class Spent {
 public:
  explicit Spent(const std::vector<pid_t>& pids);

  /// Until now. Processes that were not there at first count from their beginning, and those that are gone as they were read
  /// last.
  void read(const std::vector<pid_t>& pids);

  [[nodiscard]] std::chrono::nanoseconds all() const noexcept;
  /// The thread that has spent the most: a thread can't use more than one core.
  [[nodiscard]] std::chrono::nanoseconds busiest_thread() const noexcept;

 private:
  struct Reading {
    std::chrono::nanoseconds first{0}, last{0};
  };

  std::map<pid_t, Reading> processes_;
  std::map<pid_t, Reading> threads_;
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

/// Processes of a load test, by side.
struct Sides {
  std::vector<pid_t> instances;
  std::vector<pid_t> broker;
  std::vector<pid_t> generator;
};

/// What all of them have used in a time.
struct Metered {
  std::chrono::nanoseconds time{0};
  std::chrono::nanoseconds instances{0}, broker{0}, generator{0};  ///< of CPU
  double machine_busy = 0;                                         ///< of all cores, 0 to 1
  std::vector<std::pair<std::string, double>> busiest = {};        ///< whose thread → cores that the busiest of them used
};

/// Reads it, from construction on.
class Meter {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Meter(const Sides& sides);

  void read(const Sides& sides);
  /// The same, unless `time` has not come or there is a reading since. Of many calls the first one after `time` counts: idle
  /// time beyond it would make whoever was busy until then look idle too.
  void read_once_after(Clock::time_point time, const Sides& sides);
  /// As read last.
  [[nodiscard]] const Metered& metered() const noexcept { return metered_; }

 private:
  Clock::time_point begin_;
  Clock::time_point read_;
  Machine machine_;
  Spent instances_, broker_, generator_;
  Metered metered_;
};

}  // namespace signalbox::bench
