// RFC 6455 frames on the wire: opcodes, close codes, and how a frame is written. What reads them is decoder.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace signalbox::websocket {

/// RFC 6455 section 5.2.
enum class Opcode : std::uint8_t { continuation = 0x0, text = 0x1, binary = 0x2, close = 0x8, ping = 0x9, pong = 0xA };

/// RFC 6455 section 7.4.1, and Signalbox's own from 4000 on.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  no_status = 1005,  ///< never on the wire: the peer's close frame had no code
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  internal_error = 1011,
  try_again_later = 1013,
  token_refused = 4001,
  token_expired = 4002,
  disconnected = 4003,
  slow_consumer = 4008,
};

/// A server's frame header: 2, 4 or 10 bytes, never masked. `compressed` sets RSV1 (RFC 7692 section 6).
class FrameHeader {
 public:
  FrameHeader(Opcode opcode, std::size_t payload_bytes, bool compressed = false) noexcept;
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::array<char, 10> bytes_;
  std::uint8_t size_;
};

/// Appends a whole unmasked frame (a server's) to `out`.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);

/// Appends a whole frame masked with `mask` (a client's; RFC 6455 section 5.3) to `out`.
void append_masked_frame(std::string& out, Opcode opcode, std::string_view payload, std::uint32_t mask);

/// The payload of a close frame. `reason` must be UTF-8 and is cut to 123 bytes at a character's border; no_status gives an
/// empty payload, so that a peer's close can be answered with what it said.
std::string close_payload(CloseCode code, std::string_view reason);

/// XORs `data` with `mask`, whose first byte in memory applies to byte `offset` ≡ 0 (mod 4) of the payload.
void apply_mask(char* data, std::size_t size, std::uint32_t mask, std::size_t offset) noexcept;

}  // namespace signalbox::websocket
