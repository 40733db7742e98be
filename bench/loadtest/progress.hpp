// What a load test says while it runs: one line that is written over on a terminal, a line each few seconds elsewhere.
#pragma once

#include <chrono>
#include <string>

namespace signalbox::bench {

/// On standard error. Threading: one thread.
class Progress {
 public:
  Progress();

  /// What goes on now. Elsewhere than on a terminal, only the first of a stage (the words before the first comma) and then one
  /// every five seconds.
  void tell(const std::string& text);
  /// What tell() has said is wiped off.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool terminal_;
  bool shown_ = false;
  std::string stage_;
  Clock::time_point told_{};
};

}  // namespace signalbox::bench
