// A fault for an operator that was told while our heartbeats come back: of one broker of the cluster, as far as one can see.
#pragma once

#include <optional>
#include <utility>

#include "brokers/kafka/errors.hpp"
#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

class Suspicion {
 public:
  /// If it concerns what we read or write, the heartbeats stop within this time.
  static constexpr Duration kRecent = 2 * kEchoWithin;

  void raise(Fault fault, Time now) {
    fault_ = std::move(fault);
    raised_at_ = now;
  }
  /// The heartbeats have stopped: what may be the reason.
  [[nodiscard]] std::optional<Fault> take(Time now) {
    auto fault = std::exchange(fault_, std::nullopt);
    return now - raised_at_ < kRecent ? fault : std::nullopt;
  }

 private:
  std::optional<Fault> fault_;
  Time raised_at_;
};

}  // namespace signalbox::kafka
