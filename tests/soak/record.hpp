#pragma once

#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/deadline.hpp"

namespace signalbox::test {

/// What the parts of a soak have to say besides what stands in the ledger. Threading: any thread.
class Record {
 public:
  /// Also shown at once, since the end of a soak is far.
  void complain(std::string what) {
    const std::lock_guard lock(mutex_);
    std::cout << "complaint: " << what << std::endl;
    complaints_.push_back(std::move(what));
  }
  void count(const std::string& what, std::size_t times = 1) {
    const std::lock_guard lock(mutex_);
    counts_[what] += times;
  }
  /// A ping and its pong of somebody whom the others must not harm.
  void round_trip(milliseconds time) {
    const std::lock_guard lock(mutex_);
    round_trips_.push_back(time);
  }

  [[nodiscard]] std::vector<std::string> complaints() const {
    const std::lock_guard lock(mutex_);
    return complaints_;
  }
  [[nodiscard]] std::map<std::string, std::size_t> counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  [[nodiscard]] std::vector<milliseconds> round_trips() const {
    const std::lock_guard lock(mutex_);
    return round_trips_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> complaints_;
  std::map<std::string, std::size_t> counts_;
  std::vector<milliseconds> round_trips_;
};

}  // namespace signalbox::test
