// How long to wait before the next attempt to connect.
#pragma once

#include <algorithm>
#include <optional>
#include <random>

#include "brokers/redis/time.hpp"

namespace signalbox::redis {

/// 100 ms doubling to 5 s, each with full jitter, so that the instances of a group don't come back in step. It doubles
/// with the length of the outage, not with each attempt, which a refused connection makes in no time: a server that comes
/// back is noticed within a quarter of the time that it was away (200 ms after a second), and one that stays away is asked
/// every 5 s after 20 s.
class Backoff {
 public:
  static constexpr Duration kFirst{100};
  static constexpr Duration kLongest{5000};

  /// The outage is over.
  void reset() noexcept { since_.reset(); }
  template <class Random>
  Duration next(Random& random, Time now) {
    if (!since_) since_ = now;
    Duration limit = kFirst;
    while (limit < kLongest && now - *since_ >= 4 * std::min(limit * 2, kLongest)) limit = std::min(limit * 2, kLongest);
    return Duration(std::uniform_int_distribution<Duration::rep>(0, limit.count())(random));
  }
  /// For what only an operator can correct: always between half of the longest and the longest.
  template <class Random>
  static Duration slow(Random& random) {
    return Duration(std::uniform_int_distribution<Duration::rep>(kLongest.count() / 2, kLongest.count())(random));
  }

 private:
  std::optional<Time> since_;  // the first attempt of this outage
};

}  // namespace signalbox::redis
