// What any server must do at least, done with nothing around it: the baselines that stand beside Signalbox's figures.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace signalbox::bench {

/// A listening loopback socket on a port of the system's choice, and what it has accepted.
///
/// Errors: std::system_error.
class BareListener {
 public:
  BareListener();
  BareListener(const BareListener&) = delete;
  BareListener& operator=(const BareListener&) = delete;
  ~BareListener();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::vector<int>& accepted() const noexcept { return accepted_; }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  /// Blocks until one more is there. With TCP_NODELAY, as the server sets it.
  int accept_one();

 private:
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> accepted_;
};

/// All of `bytes` to a blocking socket. Errors: std::system_error.
void send_whole(int socket, std::string_view bytes);

/// One send() of `bytes` to each socket: the CPU time it took. Throws if one does not take them whole.
std::chrono::nanoseconds send_to_each(const std::vector<int>& sockets, std::string_view bytes);

/// Accepts `connections` and holds them until the process is stopped: bare sockets under epoll or, with `named`, a table of
/// user name → socket as well, without which a message could not find its user.
int hold_connections(BareListener& listener, std::size_t connections, bool named);

/// Accepts `connections`, pings each every `interval`, evenly spread over it, and reads the pongs, until the process is
/// stopped.
int ping_connections(BareListener& listener, std::size_t connections, std::chrono::milliseconds interval);

/// Answers upgrades with a fixed 101 and a `registered` message until the process is stopped: nothing is parsed but the end of
/// the request's head.
int answer_handshakes(BareListener& listener);

}  // namespace signalbox::bench
