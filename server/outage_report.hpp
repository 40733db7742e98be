// Says in the log that the broker is away, and why.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace signalbox {

/// A start without a broker succeeds, and attempts that fail alike are no lines: only this tells of an outage that lasts.
/// Threading: one thread.
class OutageReport {
 public:
  using Clock = std::chrono::steady_clock;
  /// Shorter ones are told by the state's own line, and by the gap.
  static constexpr std::chrono::seconds kFirst{3};
  static constexpr std::chrono::seconds kAgain{60};

  /// `reason`: why it is not ready, as Readiness::reason(); empty if it is. Returns the line that is due, else "".
  [[nodiscard]] std::string line(const std::string& reason, Clock::time_point now) {
    if (reason.empty()) {
      since_.reset();
      return {};
    }
    if (!since_) {
      since_ = now;
      due_ = now + kFirst;
    }
    if (now < due_) return {};
    due_ = now + kAgain;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *since_);
    return "not ready for " + std::to_string(seconds.count()) + " s: " + reason;
  }

 private:
  std::optional<Clock::time_point> since_;
  Clock::time_point due_{};
};

}  // namespace signalbox
