// Whether calls are taken in a turn of the broker's thread.
#pragma once

#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

class CallTurns {
 public:
  /// What there is to read is read first, so that answers are of it too; but no call waits for it longer than a tick, and none
  /// at all while the link is down, when most are refused.
  [[nodiscard]] bool take(bool more_to_read, bool up, Time now) noexcept {
    if (more_to_read && up && now - taken_at_ < kTick) return false;
    taken_at_ = now;
    return true;
  }

 private:
  Time taken_at_;
};

}  // namespace signalbox::kafka
