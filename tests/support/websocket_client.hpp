// A WebSocket client on Boost.Beast: the independent judge of what Signalbox sends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/http_client.hpp"

namespace signalbox::test {

struct WebSocketMessage {
  std::string payload;
  bool is_text = true;
};

struct CloseReason {
  unsigned code = 0;  ///< 1006 if the connection ended without a close frame
  std::string reason;
};

/// The server answered the upgrade with something other than 101.
class HandshakeRefused : public std::runtime_error {
 public:
  explicit HandshakeRefused(HttpResponse given)
      : std::runtime_error("handshake refused: " + std::to_string(given.status)), response(std::move(given)) {}
  HttpResponse response;
};

/// Connects on construction. While one of its functions runs it also answers pings and the close handshake.
class WebSocketClient {
 public:
  struct Options {
    std::string target = "/";
    std::string subprotocol;
    Headers headers;
    int deflate_window_bits = 0;  ///< offers permessage-deflate with this server_max_window_bits, 9 to 15; 0: does not
  };

  /// Errors: HandshakeRefused; boost::system::system_error when there is no server.
  explicit WebSocketClient(std::uint16_t port) : WebSocketClient(port, Options{}) {}
  WebSocketClient(std::uint16_t port, Options options);
  WebSocketClient(WebSocketClient&&) noexcept;
  WebSocketClient& operator=(WebSocketClient&&) noexcept;
  /// Drops the connection without a close frame.
  ~WebSocketClient();

  /// The subprotocol that the server chose.
  [[nodiscard]] const std::string& subprotocol() const;
  /// The server's Sec-WebSocket-Extensions.
  [[nodiscard]] const std::string& extensions() const;

  void send(const std::string& text);
  void send_binary(const std::string& bytes);
  void close(unsigned code = 1000);
  /// Ends the connection with RST.
  void abort();

  /// The next message; nothing if none came in time or the connection ended.
  std::optional<WebSocketMessage> next(milliseconds within = kPatience);
  /// The next message's payload, or "(nothing)".
  std::string next_payload(milliseconds within = kPatience);
  /// Waits for the end of the connection; nothing if it still stands after `within`. Messages before it are kept for next().
  std::optional<CloseReason> wait_closed(milliseconds within = kPatience);
  /// The server has ended its direction, whether that has been read or not.
  [[nodiscard]] bool ended_by_server() const;
  /// Sends `ping` and takes its `pong`; messages that came first are kept for next(). False if no pong came.
  bool answers_ping(milliseconds within = kPatience);
  /// How many protocol pings have come.
  [[nodiscard]] int pings() const;

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace signalbox::test
