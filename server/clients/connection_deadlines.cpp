// How long a client may take: to say who it is, to answer a ping, to take what it is sent, to answer a close.
#include <algorithm>
#include <random>

#include "server/clients/connection.hpp"
#include "server/net/shard.hpp"

namespace signalbox {
namespace {

using websocket::CloseCode;
using websocket::Opcode;

/// Never 0. The system's own randomness: a client that has seen many of these knows nothing of the next.
std::uint32_t random_value() {
  static thread_local std::random_device random;
  return random() | 1U;
}

/// As they stand in memory: nobody else reads them.
std::string_view bytes_of(const std::uint32_t& value) noexcept { return {reinterpret_cast<const char*>(&value), sizeof value}; }

}  // namespace

/// Only what repeats the ping proves that the client has read so far. Any other pong is allowed (RFC 6455 section 5.5.3) and
/// means nothing.
void Connection::on_pong(std::string_view payload) {
  if (awaited_pong_ == 0 || payload != bytes_of(awaited_pong_)) return;
  awaited_pong_ = 0;
  arm_timer();
}

void Connection::limit_writes() {
  const LiveLimits& limits = shard_.context().limits;
  const std::chrono::milliseconds ping_interval = limits.ping_interval;
  const std::chrono::milliseconds pong_timeout = limits.pong_timeout;
  transport_.set_write_limit(ping_interval + pong_timeout + kCloseTimeout);
}

void Connection::send_ping() {
  awaited_pong_ = random_value();
  pinged_ = shard_.wheel().now();
  send(Frame::own(Opcode::ping, bytes_of(awaited_pong_)));
}

/// Armed for whatever comes first: the registration's end, the pong's, or the next ping.
void Connection::arm_timer() {
  if (phase_ != Phase::open) return;
  TimingWheel::Tick due = awaited_pong_ != 0 ? pong_due() : ping_due();
  if (!user_) due = std::min(due, register_due());
  shard_.wheel().arm(*this, due);
}

TimingWheel::Tick Connection::register_due() const {
  return opened_ + TimingWheel::ticks(shard_.context().limits.register_timeout);
}

TimingWheel::Tick Connection::ping_due() const { return pinged_ + TimingWheel::ticks(shard_.context().limits.ping_interval); }

TimingWheel::Tick Connection::pong_due() const { return pinged_ + TimingWheel::ticks(shard_.context().limits.pong_timeout); }

void Connection::expire() {
  const Ptr self(this);
  const TimingWheel::Tick now = shard_.wheel().now();
  if (phase_ == Phase::closing) {
    // Who has been sent everything may still be reading it; for how long, the write limit says.
    queue_ ? give_up() : end();
  } else if (!user_ && now >= register_due()) {
    close(CloseCode::policy_violation, "no user within limits.register_timeout");
  } else if (awaited_pong_ != 0 && now >= pong_due()) {
    close(CloseCode::internal_error, "ping timeout");
  } else if (awaited_pong_ == 0 && now >= ping_due()) {
    send_ping();
  }
  arm_timer();
}

}  // namespace signalbox
