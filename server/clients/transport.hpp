// The seam between a connection and what carries its bytes: a TCP descriptor.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <sys/uio.h>

namespace signalbox {

using Executor = boost::asio::io_context::executor_type;
/// With the executor's concrete type a socket has 40 bytes instead of 88.
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

/// What a read or a write came to. Exactly one of the three holds.
struct IoResult {
  std::size_t bytes = 0;     ///< > 0: done, perhaps in part
  bool would_block = false;  ///< wait, then try again
  bool closed = false;       ///< end of stream, or an error: there will be no more
};

/// Non-blocking reads and writes, and waiting for them.
/// Threading: the shard's.
class Transport {
 public:
  explicit Transport(Socket socket) : socket_(std::move(socket)) {}

  IoResult read(std::span<char> into) noexcept;
  IoResult write(std::span<const iovec> from) noexcept;

  /// For who sends many at once (Send).
  [[nodiscard]] int descriptor() noexcept { return socket_.native_handle(); }

  /// Calls the handler once it is worth trying again, or with an error once the transport is closed.
  template <class Handler>
  void wait_readable(Handler&& handler) {
    socket_.async_wait(Socket::wait_read, std::forward<Handler>(handler));
  }
  template <class Handler>
  void wait_writable(Handler&& handler) {
    socket_.async_wait(Socket::wait_write, std::forward<Handler>(handler));
  }

  /// After `limit` in which the peer acknowledges nothing of what was written, or takes nothing, the transport ends. It holds
  /// beyond close() for what the kernel still has to send.
  void set_write_limit(std::chrono::milliseconds limit) noexcept;
  /// close() drops what the kernel still has to send, which it would keep for minutes for a peer that takes nothing.
  void reset_at_close() noexcept;
  /// Tells the peer that nothing more will be written.
  void shutdown() noexcept;
  /// Ends every wait with an error.
  void close() noexcept;

 private:
  Socket socket_;
};

}  // namespace signalbox
