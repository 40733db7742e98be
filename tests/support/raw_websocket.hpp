// A WebSocket spoken byte by byte: for what a proper client never sends, and for one that never answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/raw_socket.hpp"
#include "tests/support/websocket_client.hpp"

namespace signalbox::test {

inline constexpr std::uint8_t kText = 0x81;  // FIN and opcode, as in the first byte of a frame
inline constexpr std::uint8_t kBinary = 0x82;
inline constexpr std::uint8_t kClose = 0x88;
inline constexpr std::uint8_t kPing = 0x89;
inline constexpr std::uint8_t kPong = 0x8a;

struct RawFrame {
  std::uint8_t first_byte = 0;
  std::string payload;
};

class RawWebSocket {
 public:
  struct Options {
    std::string target = "/";
    std::string headers;   ///< more header lines, each with CRLF
    std::string together;  ///< sent in one write with the handshake
    int receive_buffer_bytes = 0;
    const char* source = nullptr;  ///< as for RawSocket
  };

  /// Errors: std::runtime_error with the answer's head if it is not 101.
  explicit RawWebSocket(std::uint16_t port) : RawWebSocket(port, Options{}) {}
  RawWebSocket(std::uint16_t port, const Options& options);

  /// False if the server has closed.
  bool send(std::uint8_t first_byte, std::string_view payload) const { return socket_.send(masked_frame(first_byte, payload)); }
  /// For bytes that are no proper frame.
  [[nodiscard]] RawSocket& socket() noexcept { return socket_; }

  /// The server's next frame, which must be unmasked; nothing at the end of the stream or after `within`.
  std::optional<RawFrame> next(milliseconds within = kPatience);
  /// Skips to the close frame; 1006 if the stream ended without one; nothing if neither came in time.
  std::optional<CloseReason> next_close(milliseconds within = kPatience);

 private:
  RawSocket socket_;
};

}  // namespace signalbox::test
