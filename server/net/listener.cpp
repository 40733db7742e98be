#include "server/net/listener.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/config/value.hpp"
#include "core/fault.hpp"

namespace signalbox {
namespace {

/// Small, so that a reader who has stalled is noticed before it pins megabytes in the kernel (32,238 messages of 128 B with the
/// kernel's default).
constexpr int kSendBufferBytes = 32 * 1024;
/// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 16 * 1024;
constexpr std::chrono::milliseconds kPause{100};

/// A socket address of either family.
struct Endpoint {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

Endpoint endpoint_of(const ListenAddress& address) {
  Endpoint endpoint;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&endpoint.storage);
  if (inet_pton(AF_INET, address.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    endpoint.length = sizeof *v4;
  } else if (inet_pton(AF_INET6, address.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    endpoint.length = sizeof *v6;
  }
  return endpoint;
}

void set_option(int descriptor, int level, int name, int value) { setsockopt(descriptor, level, name, &value, sizeof value); }

[[noreturn]] void fail(const ListenAddress& address, const char* key, int error, const std::vector<int>& opened) {
  for (const int descriptor : opened) ::close(descriptor);
  std::string text =
      std::string(key) + ": can't listen on " + to_string(address) + ": " + std::generic_category().message(error);
  if (error == EADDRINUSE) text += ": stop what listens there or choose another port";
  throw StartError(text);
}

}  // namespace

BoundSockets bind_sockets(const ListenAddress& address, unsigned count, const char* key) {
  BoundSockets bound;
  Endpoint endpoint = endpoint_of(address);
  for (unsigned i = 0; i < count; ++i) {
    const int descriptor = ::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail(address, key, errno, bound.descriptors);
    bound.descriptors.push_back(descriptor);
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(descriptor, SOL_SOCKET, SO_SNDBUF, kSendBufferBytes);  // accepted sockets inherit both
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    if (i > 0) set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    if (::bind(descriptor, endpoint.get(), endpoint.length) != 0) fail(address, key, errno, bound.descriptors);
    if (::listen(descriptor, kBacklog) != 0) fail(address, key, errno, bound.descriptors);
    if (i > 0) continue;
    // Set now, it lets our other sockets share the address that nobody else has.
    set_option(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
    getsockname(descriptor, endpoint.get(), &endpoint.length);
    bound.port = ntohs(reinterpret_cast<const sockaddr_in*>(&endpoint.storage)->sin_port);  // at the same place in sockaddr_in6
  }
  return bound;
}

Listener::Listener(boost::asio::io_context& context, int descriptor, Admit admit, Release release, Accepted accepted)
    : context_(context),
      acceptor_(context),
      pause_(context),
      admit_(std::move(admit)),
      release_(std::move(release)),
      accepted_(std::move(accepted)) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
  using boost::asio::ip::tcp;
  acceptor_.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor);
}

void Listener::start() { accept(); }

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  if (!admit_()) {
    pause();
    return;
  }
  acceptor_.async_accept(context_, [this](const boost::system::error_code& ec, Socket socket) {
    if (ec) {
      release_();
      if (ec != boost::asio::error::operation_aborted) pause();
      return;
    }
    accept();
    accepted_(std::move(socket));
  });
}

void Listener::pause() {
  pause_.expires_after(kPause);
  pause_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) accept();
  });
}

void Listener::stop() {
  pause_.cancel();
  boost::system::error_code ignored;
  acceptor_.close(ignored);
}

}  // namespace signalbox
