// Ctrl-C, and a terminal that is closed, while a load test runs: everything that it has started is stopped before it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>

namespace signalbox::bench {

class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// From here on SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP do not end this process: pause_for() and wait_for()
/// throw instead. Nor does SIGPIPE, as when nobody reads its output any more. Once a process.
void catch_interrupts();

/// Errors: Interrupted.
void pause_for(std::chrono::milliseconds time);

/// Asks `done` every 10 ms; false once `progress` has not grown for `patience`. Errors: Interrupted.
bool wait_while_moving(const std::function<bool()>& done, const std::function<std::uint64_t()>& progress,
                       std::chrono::milliseconds patience);

/// Asks `done` every millisecond; false after `patience`. Errors: Interrupted.
bool wait_for(const std::function<bool()>& done, std::chrono::milliseconds patience);

}  // namespace signalbox::bench
