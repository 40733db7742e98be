// Base64 (RFC 4648 section 4, with padding), by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace signalbox {

std::string base64_encode(std::string_view bytes);

/// Nothing if `text` is not canonical base64: wrong alphabet, white space, missing or misplaced padding.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace signalbox
