// A fault while it goes on.
#pragma once

#include <sys/types.h>

#include "bench/loadtest/fault.hpp"
#include "bench/loadtest/group.hpp"
#include "bench/schedule.hpp"

namespace signalbox::bench {

/// Begins it: kills the broker and starts it anew, or stops a process, which goes on at the latest when this ends. Needs a
/// broker's server, or instances, that were started here.
///
/// Lifetime: not beyond `group`. Errors: std::system_error.
class Outage {
 public:
  using Clock = Schedule::Clock;

  Outage(Fault fault, Group& group);
  Outage(const Outage&) = delete;
  Outage& operator=(const Outage&) = delete;
  ~Outage();

  [[nodiscard]] const Fault& fault() const noexcept { return fault_; }
  [[nodiscard]] Clock::time_point begin() const noexcept { return begin_; }
  /// The broker answers again, or the process goes on: its time is over. To be asked again and again, as it does not go on by
  /// itself. Errors: std::runtime_error if the broker does not start.
  [[nodiscard]] bool over();

 private:
  const Fault fault_;
  Group& group_;
  const Clock::time_point begin_;
  pid_t stopped_ = 0;  // 0: none
};

}  // namespace signalbox::bench
