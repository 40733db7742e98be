// When a connection sends its next fence, and when it has waited too long for one.
#pragma once

#include <optional>

#include "brokers/nats/time.hpp"
#include "brokers/nats/wire.hpp"

namespace signalbox::nats {

/// NATS acknowledges nothing, but works through what a connection says in order: a message to ourselves that comes back
/// proves what went before it. It is confirmation, keepalive and loopback probe in one.
class FenceState {
 public:
  /// After this much silence a fence is sent for its own sake.
  static constexpr Duration kIdle{3000};
  static constexpr Duration kEcho{3000};

  /// A new connection.
  void reset() noexcept {
    sent_at_.reset();
    proven_ = false;
  }
  [[nodiscard]] bool open() const noexcept { return sent_at_.has_value(); }
  /// One has come back on this connection.
  [[nodiscard]] bool proven() const noexcept { return proven_; }
  [[nodiscard]] bool idle(Time now) const noexcept { return !open() && (!proven_ || now - returned_at_ >= kIdle); }
  [[nodiscard]] bool late(Time now) const noexcept { return open() && now - *sent_at_ >= kEcho; }

  void send(Wire& wire, Time now) {
    wire.fence();
    sent_at_ = now;
  }
  void returned(Time now) noexcept {
    sent_at_.reset();
    returned_at_ = now;
    proven_ = true;
  }

 private:
  std::optional<Time> sent_at_;
  Time returned_at_;
  bool proven_ = false;
};

}  // namespace signalbox::nats
