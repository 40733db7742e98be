// What clients say, in plain and in envelope mode, and what the server says to them in envelope mode. Texts only, no state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace signalbox {

/// How a connection speaks, chosen by its Sec-WebSocket-Protocol.
enum class Mode : std::uint8_t { plain, envelope };

inline constexpr std::string_view kEnvelopeSubprotocol = "signalbox.v1.json";

/// A text message of a client.
struct ClientMessage {
  enum class Kind : std::uint8_t {
    ping,
    register_user,  ///< `user_name` is what it asked for, not checked yet
    bad_name,       ///< a registration whose name is no string
    not_json,
    meaningless,  ///< JSON, but nothing that is known here
  };
  Kind kind = Kind::meaningless;
  std::string user_name;
};

ClientMessage read_plain_message(std::string_view text);
ClientMessage read_envelope_message(std::string_view text);

// The server's side of envelope mode: one JSON object each.
std::string registered_text(std::string_view user_key, std::string_view instance_id, std::uint64_t connection);
/// A payload that is one valid JSON object or array, at most 32 deep, stands inline as its sender wrote it; any other text as a
/// string, binary as base64.
std::string message_text(std::string_view payload, bool is_text);
std::string gap_text(std::string_view reason);
std::string draining_text(std::uint32_t reconnect_in_ms);
std::string error_text(std::string_view code, std::string_view message);

}  // namespace signalbox
