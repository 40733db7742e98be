#include "brokers/nats/record_gate.hpp"

#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace signalbox::nats {
namespace {

constexpr unsigned char kFirstKind = 20, kLastKind = 23;  // of records; no line of NATS begins so
constexpr int kHeader = 5;                                // kind, version, length of the rest
constexpr int kLongest = 16384 + 2048;                    // of the rest, by RFC 5246

bool has_ended(int socket) {
  pollfd entry{socket, POLLRDHUP, 0};
  return poll(&entry, 1, 0) > 0;
}

}  // namespace

bool RecordGate::is_open(int socket) {
  if (kind_ == Kind::plain) return true;
  std::array<unsigned char, kHeader> header{};
  const auto peeked = recv(socket, header.data(), header.size(), MSG_PEEK | MSG_DONTWAIT);
  if (peeked < 0) return errno != EAGAIN && errno != EINTR;
  if (peeked == 0) return true;
  if (kind_ == Kind::unknown) {
    kind_ = header[0] >= kFirstKind && header[0] <= kLastKind ? Kind::records : Kind::plain;
    if (kind_ == Kind::plain) return true;
  }
  const int rest = peeked == kHeader ? header[3] * 256 + header[4] : 0;
  int received = 0;
  if (rest > kLongest || ioctl(socket, FIONREAD, &received) != 0) return true;
  const bool whole = peeked == kHeader && received >= kHeader + rest;
  if (!whole && has_ended(socket)) return true;
  set_low_water(socket, whole ? kHeader : kHeader + rest);
  return whole;
}

void RecordGate::set_low_water(int socket, int bytes) {
  if (low_water_ == bytes) return;
  if (setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes) == 0) low_water_ = bytes;
}

}  // namespace signalbox::nats
