#include "brokers/redis/protocol.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::redis {

Protocol::Protocol(Handshake handshake, Duration call_timeout)
    : handshake_(std::move(handshake)), call_timeout_(std::max(call_timeout - kTick, kTick)) {}

void Protocol::connected(Time now, std::string& out) {
  phase_ = Phase::handshake;
  reader_.reset();
  asked_at_ = heard_at_ = now;
  const std::size_t before = out.size();
  handshake_.begin(out);
  written_ = out.size() - before;
}

std::optional<Fault> Protocol::feed(std::string_view bytes, Time now) {
  heard_at_ = now;
  std::optional<Fault> fault;
  while (!bytes.empty() && !fault) {
    if (phase_ == Phase::established && reader_.unread() == 0) bytes.remove_prefix(take_plain(bytes, now));
    if (!bytes.empty()) fault = decode(bytes, now);
  }
  on_read_end();
  return fault;
}

/// At least one reply, if it is all there. What stands behind the last one of a piece is not left to the reader, but tried as
/// it stands again.
std::optional<Fault> Protocol::decode(std::string_view& bytes, Time now) {
  const std::string_view piece = bytes.substr(0, reader_.unread() == 0 ? ReplyReader::kFeedBytes : kRestBytes);
  if (!reader_.feed(piece)) return Fault{FaultKind::lost, std::string(reader_.error())};
  std::optional<Fault> fault = take_replies(now);
  std::size_t taken = piece.size();
  if (const std::size_t unread = reader_.unread(); !fault && unread < piece.size()) {
    taken -= unread;
    if (unread > 0) reader_.reset();
  }
  bytes.remove_prefix(taken);
  return fault;
}

std::optional<Fault> Protocol::take_replies(Time now) {
  Reply reply;
  while (true) {
    switch (reader_.next(reply)) {
      case ReplyReader::Next::incomplete: return std::nullopt;
      case ReplyReader::Next::garbage: return Fault{FaultKind::lost, "protocol error: " + std::string(reader_.error())};
      case ReplyReader::Next::reply:
        if (std::optional<Fault> fault = take(std::move(reply), now)) return fault;
    }
  }
}

std::optional<Fault> Protocol::take(Reply reply, Time now) {
  if (phase_ == Phase::established) return on_reply(std::move(reply), now);
  if (handshake_.answered()) return Fault{FaultKind::lost, "protocol error: a reply that nothing asked for"};
  if (std::optional<Fault> fault = handshake_.accept(*reply)) return fault;
  if (handshake_.answered()) obstacle_ = handshake_.obstacle();
  if (handshake_.complete()) {
    phase_ = Phase::established;
    on_established(now);
  }
  return std::nullopt;
}

std::optional<Fault> Protocol::turn(Time now, std::string& out) {
  const std::size_t before = out.size();
  std::optional<Fault> fault;
  if (phase_ == Phase::handshake) fault = shake_hands(now, out);
  if (!fault) fault = on_turn(now, out);
  written_ += out.size() - before;
  return fault;
}

std::optional<Fault> Protocol::shake_hands(Time now, std::string& out) {
  if (!handshake_.answered()) {
    if (now - asked_at_ < kSilence) return std::nullopt;
    return Fault{FaultKind::lost, "no answer to the handshake for 3 s"};
  }
  if (now - asked_at_ < kAskAgain) return std::nullopt;
  asked_at_ = now;
  handshake_.begin(out);
  return std::nullopt;
}

void Protocol::lost(std::uint64_t sent) {
  phase_ = Phase::down;
  obstacle_.clear();
  on_lost(sent);
}

}  // namespace signalbox::redis
