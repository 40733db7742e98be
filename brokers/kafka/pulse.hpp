// Our heartbeat in one partition: when the next is due, and whether it comes back.
#pragma once

#include <cstdint>
#include <deque>

#include "brokers/kafka/publishes.hpp"
#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

class Pulse {
 public:
  static constexpr Duration kAgainAfter{100};

  [[nodiscard]] bool due(Time now) const noexcept { return !open_ && now >= due_at_; }
  void sent(std::uint64_t sequence, Time now) {
    open_ = true;
    due_at_ = now + kHeartbeatEvery;
    while (!under_way_.empty() && now - under_way_.front().at >= kEchoWithin) under_way_.pop_front();
    under_way_.push_back({sequence, now});
  }
  /// The next one is wanted at once.
  void hurry(Time now) noexcept { due_at_ = now; }
  /// One that was not stored is sent again soon: it counts with nobody.
  void reported(Stored stored, Time now) noexcept {
    open_ = false;
    if (stored == Stored::no) due_at_ = now + kAgainAfter;
  }
  void echoed(std::uint64_t sequence) {
    while (!under_way_.empty() && under_way_.front().sequence <= sequence) {
      if (under_way_.front().sequence == sequence) echo_ = under_way_.front();
      under_way_.pop_front();
    }
  }
  /// A heartbeat later than `barrier` has come back, and was sent not long ago. When it was read says nothing: we may have been
  /// frozen before.
  [[nodiscard]] bool is_back(std::uint64_t barrier, Time now) const noexcept {
    return echo_.sequence > barrier && now - echo_.at < kEchoWithin;
  }

 private:
  struct Sent {
    std::uint64_t sequence = 0;
    Time at;
  };
  std::deque<Sent> under_way_;  // not back yet, and not too old to prove anything
  Sent echo_;                   // the latest that is back
  Time due_at_;
  bool open_ = false;  // no report yet: where nothing is stored, not many pile up
};

}  // namespace signalbox::kafka
