// How long to wait before the next attempt to connect.
#pragma once

#include <algorithm>
#include <random>

#include "brokers/redis/time.hpp"

namespace signalbox::redis {

/// 100 ms doubling to 5 s, each with full jitter, so that the instances of a group don't come back in step.
class Backoff {
 public:
  static constexpr Duration kFirst{100};
  static constexpr Duration kLongest{5000};

  void reset() noexcept { limit_ = kFirst; }
  template <class Random>
  Duration next(Random& random) {
    const Duration limit = limit_;
    limit_ = std::min(limit_ * 2, kLongest);
    return Duration(std::uniform_int_distribution<Duration::rep>(0, limit.count())(random));
  }
  /// For what only an operator can correct: always between half of the longest and the longest.
  template <class Random>
  static Duration slow(Random& random) {
    return Duration(std::uniform_int_distribution<Duration::rep>(kLongest.count() / 2, kLongest.count())(random));
  }

 private:
  Duration limit_ = kFirst;
};

}  // namespace signalbox::redis
