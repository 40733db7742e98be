// Our heartbeat in one partition: when the next is due, and whether it comes back.
#pragma once

#include <cstdint>

#include "brokers/kafka/publishes.hpp"
#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

class Pulse {
 public:
  static constexpr Duration kAgainAfter{100};

  [[nodiscard]] bool due(Time now) const noexcept { return !open_ && now >= due_at_; }
  void sent(Time now) noexcept {
    open_ = true;
    due_at_ = now + kHeartbeatEvery;
  }
  /// The next one is wanted at once.
  void hurry(Time now) noexcept { due_at_ = now; }
  /// One that was not stored is sent again soon: it counts with nobody.
  void reported(Stored stored, Time now) noexcept {
    open_ = false;
    if (stored == Stored::no) due_at_ = now + kAgainAfter;
  }
  void echoed(std::uint64_t sequence, Time now) noexcept {
    echoed_ = sequence;
    echoed_at_ = now;
  }
  /// A heartbeat later than `barrier` has come back, and not long ago.
  [[nodiscard]] bool beats(std::uint64_t barrier, Time now) const noexcept {
    return echoed_ > barrier && now - echoed_at_ < kEchoWithin;
  }

 private:
  std::uint64_t echoed_ = 0;
  Time echoed_at_;
  Time due_at_;
  bool open_ = false;  // no report yet: where nothing is stored, not many pile up
};

}  // namespace signalbox::kafka
