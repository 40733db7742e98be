// How long to wait before the next attempt to connect.
#pragma once

#include <algorithm>
#include <optional>
#include <random>

#include "brokers/common/time.hpp"

namespace signalbox::brokers {

/// Drawn between 10 ms and a limit of 100 ms doubling to 5 s, so that the instances of a group don't come back in step. It
/// doubles with the length of the outage, not with each attempt, which a refused connection makes in no time: a server that
/// comes back is noticed within a quarter of the time that it was away (200 ms after a second), and one that stays away is
/// asked every 5 s after 20 s.
///
/// A link makes up for as much of the outage before it as it lasts, and for all of it after 5 s: where one proves itself and
/// is cut at once, over and over, the outage goes on.
class Backoff {
 public:
  static constexpr Duration kShortest{10};
  static constexpr Duration kFirst{100};
  static constexpr Duration kLongest{5000};

  /// The link does what it is for.
  void proved(Time now) noexcept { proved_at_ = now; }
  template <class Random>
  Duration next(Random& random, Time now) {
    lost(now);
    Duration limit = kFirst;
    while (limit < kLongest && now - *since_ >= 4 * std::min(limit * 2, kLongest)) limit = std::min(limit * 2, kLongest);
    return Duration(std::uniform_int_distribution<Duration::rep>(kShortest.count(), limit.count())(random));
  }
  /// For what only an operator can correct: always between half of the longest and the longest.
  template <class Random>
  Duration slow(Random& random, Time now) {
    lost(now);
    return Duration(std::uniform_int_distribution<Duration::rep>(kLongest.count() / 2, kLongest.count())(random));
  }

 private:
  void lost(Time now) noexcept {
    if (proved_at_) {
      const auto lasted = now - *proved_at_;
      const auto outage = since_ ? *proved_at_ - *since_ : Time::duration{};
      since_ = now - (lasted < kLongest ? std::max(outage - lasted, Time::duration{}) : Time::duration{});
      proved_at_.reset();
    }
    if (!since_) since_ = now;
  }

  std::optional<Time> since_;      // the outage, without what links have made up for
  std::optional<Time> proved_at_;  // the present link
};

}  // namespace signalbox::brokers
