// Text from outside, made safe for one line of a log or a terminal.
#pragma once

#include <string>
#include <string_view>

namespace signalbox {

/// Control characters (C0, DEL, C1) and bytes that are not UTF-8 as \n, \r, \t or \xNN; everything else as it is. A backslash
/// stays a backslash: the result is for people, it can't be turned back.
[[nodiscard]] std::string printable(std::string_view text);

/// Whether `text` holds a control character (Unicode's Cc: C0, DEL, C1) or a byte that is not UTF-8.
[[nodiscard]] bool holds_control_character(std::string_view text);

/// The first byte of `text` that is not part of well-formed UTF-8 (RFC 3629), or npos.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text) noexcept;

}  // namespace signalbox
