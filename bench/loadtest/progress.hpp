// What a load test says while it runs: one line that is written over on a terminal, a line each few seconds elsewhere.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace signalbox::bench {

/// On standard error. Threading: one thread.
class Progress {
 public:
  Progress();

  /// What goes on now. Shown are the first of a stage (the words before the first comma), and then one every tenth of a second,
  /// elsewhere than on a terminal every five seconds.
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

/// What a part of a load test says of how far it is.
using Tell = std::function<void(const std::string&)>;

}  // namespace signalbox::bench
