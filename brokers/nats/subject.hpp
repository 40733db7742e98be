// Channels as NATS subjects, and back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace signalbox::nats {

/// Appends `channel` as one token of a subject: A-Z, a-z, 0-9, _ and - stand for themselves, every other byte as %XX. No
/// dot, space, wildcard or line end comes out, whatever goes in: neither the library nor the server checks what it is given.
void append_token(std::string& out, std::string_view channel);

/// What append_token() appends.
[[nodiscard]] std::size_t token_size(std::string_view channel) noexcept;

/// What append_token() made into `token`. False if it makes no such token.
[[nodiscard]] bool read_token(std::string_view token, std::string& channel);

/// Whether `prefix` can stand before a token: "signalbox.u." has only plain tokens, each with a dot behind it.
[[nodiscard]] bool is_subject_prefix(std::string_view prefix) noexcept;

}  // namespace signalbox::nats
