// Listening sockets: bound once for all shards, and the loop that accepts on one of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/config/config.hpp"
#include "server/clients/transport.hpp"

namespace signalbox {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;

/// Sockets that listen on one address, between which the kernel shares the connections.
struct BoundSockets {
  std::vector<int> descriptors;  ///< owned by whoever listens on them
  std::uint16_t port = 0;        ///< the real one where port 0 was asked for
};

/// Binds `count` sockets to the address. The first is bound without SO_REUSEPORT, so that an address in use by anybody else,
/// another instance included, is refused.
/// Errors: StartError naming `key` and the address.
BoundSockets bind_sockets(const ListenAddress& address, unsigned count, const char* key);

/// Accepts as long as `admit` allows. Where it does not, or the process is out of descriptors, it pauses for 100 ms instead of
/// spinning at the limit, where an accept loop would burn a core.
///
/// Threading: one thread runs the io_context.
class Listener {
 public:
  using Admit = std::function<bool()>;    ///< takes a place for one socket
  using Release = std::function<void()>;  ///< gives it back unused
  using Accepted = std::function<void(Socket&&)>;

  /// `descriptor`: of bind_sockets(); owned from now on.
  Listener(boost::asio::io_context& context, int descriptor, Admit admit, Release release, Accepted accepted);
  void start();
  /// Closes. What the kernel has queued is dropped.
  void stop();

 private:
  void accept();
  void pause();

  boost::asio::io_context& context_;
  Acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Admit admit_;
  Release release_;
  Accepted accepted_;
};

}  // namespace signalbox
