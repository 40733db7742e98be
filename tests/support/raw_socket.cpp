#include "tests/support/raw_socket.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace signalbox::test {

RawSocket::RawSocket(std::uint16_t port, int receive_buffer_bytes, const char* source)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto patience = std::chrono::duration_cast<std::chrono::seconds>(scaled(kPatience));
  const timeval patience_of_send{patience.count(), 0};
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience_of_send, sizeof patience_of_send);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (source != nullptr) {
    inet_pton(AF_INET, source, &address.sin_addr);
    bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(socket_);
    throw std::system_error(error, std::generic_category(), "connect to port " + std::to_string(port));
  }
}

RawSocket::~RawSocket() { close(socket_); }

bool RawSocket::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void RawSocket::finish() const { shutdown(socket_, SHUT_WR); }

void RawSocket::reset_at_end() const {
  const linger now{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

std::string RawSocket::take(std::size_t count) {
  std::string head = received_.substr(0, count);
  received_.erase(0, count);
  return head;
}

template <class Enough>
bool RawSocket::read_while_not(Enough enough, milliseconds within) {
  const auto deadline = std::chrono::steady_clock::now() + scaled(within);
  std::array<char, 65536> buffer;
  while (!enough()) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    pollfd readable{socket_, POLLIN, 0};
    if (ended_ || left <= 0 || poll(&readable, 1, static_cast<int>(left)) != 1) return false;
    const ssize_t count = recv(socket_, buffer.data(), buffer.size(), 0);
    if (count > 0) {
      received_.append(buffer.data(), static_cast<std::size_t>(count));
    } else {
      ended_ = true;
    }
  }
  return true;
}

bool RawSocket::read_until(std::string_view text, milliseconds within) {
  return read_while_not([&] { return received_.find(text) != std::string::npos; }, within);
}
bool RawSocket::read_bytes(std::size_t count, milliseconds within) {
  return read_while_not([&] { return received_.size() >= count; }, within);
}
bool RawSocket::read_to_end(milliseconds within) {
  return read_while_not([&] { return ended_; }, within);
}

std::string masked_frame(std::uint8_t first_byte, std::string_view payload) {
  constexpr std::array<unsigned char, 4> kKey{0x37, 0xfa, 0x21, 0x3d};
  std::string frame(1, static_cast<char>(first_byte));
  const auto put = [&](std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) frame.push_back(static_cast<char>(value >> shift & 0xff));
  };
  if (payload.size() < 126) {
    put(0x80 | payload.size(), 1);
  } else if (payload.size() < 65536) {
    put(0x80 | 126, 1);
    put(payload.size(), 2);
  } else {
    put(0x80 | 127, 1);
    put(payload.size(), 8);
  }
  frame.append(reinterpret_cast<const char*>(kKey.data()), kKey.size());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kKey[i % 4]));
  }
  return frame;
}

std::string upgrade_request(std::string_view target, std::string_view more) {
  return "GET " + std::string(target) +
         " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
         std::string(more) + "\r\n";
}

}  // namespace signalbox::test
