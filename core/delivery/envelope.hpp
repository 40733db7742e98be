// The envelope around Signalbox's own messages on a broker: 32 bytes, little-endian, then the payload.
//
//     F8 'S' 'B' 'X' · u8 version · u8 header bytes · u8 kind · u8 flags · u64 publisher · u64 sequence · i64 sent
//
// F8 can't begin UTF-8, so that a foreign text is never taken for an envelope.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace signalbox {

inline constexpr std::size_t kEnvelopeBytes = 32;

enum class Kind : std::uint8_t {
  text = 1,
  binary = 2,
  control = 3,  ///< between instances, honoured on the core's reserved channel only
};

struct Envelope {
  Kind kind = Kind::binary;
  bool known_kind = true;       ///< false: a kind of a later version, to be dropped and counted
  bool foreign = false;         ///< no envelope of ours: `kind` is text, the numbers below are 0
  std::uint64_t publisher = 0;  ///< random per process
  std::uint64_t sequence = 0;   ///< per publisher, for de-duplication only
  std::int64_t sent_us = 0;     ///< µs since 1970
  std::string_view payload;     ///< inside the bytes that were read
};

/// Writes the envelope and the payload of one message.
std::string encode_envelope(Kind kind, std::uint64_t publisher, std::uint64_t sequence, std::int64_t sent_us,
                            std::string_view payload);

/// Reads whatever arrived on a channel. Never fails: bytes without a well-formed envelope are a foreign message. Longer headers
/// of later versions are skipped. Text is a claim: who frames the payload makes it binary if it is not valid UTF-8.
Envelope decode_envelope(std::string_view bytes) noexcept;

}  // namespace signalbox
