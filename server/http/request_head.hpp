// The head of an HTTP/1 request, read so strictly that no two parsers could see two different requests in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signalbox::http {

inline constexpr std::size_t kMaxHeadBytes = 16 * 1024;
inline constexpr std::size_t kMaxFields = 128;

/// Lifetime: all views point into the bytes that were parsed.
struct RequestHead {
  std::string_view method;
  std::string_view target;  ///< origin form: begins with a slash
  bool http_1_0 = false;
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  std::uint64_t content_length = 0;
  bool keep_alive = true;

  /// The value of the first field of this name (compared without case), or nothing.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  /// How many fields have this name.
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  /// Whether a comma-separated field holds this token, without case; and with it.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept;
  [[nodiscard]] bool has_exact_token(std::string_view name, std::string_view token) const noexcept;
  /// The target up to the question mark, and what follows it.
  [[nodiscard]] std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
  [[nodiscard]] std::string_view query() const noexcept {
    const std::size_t mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  }
};

struct HeadResult {
  enum class Kind : std::uint8_t { incomplete, complete, refused };
  Kind kind = Kind::incomplete;
  std::size_t bytes = 0;    ///< complete: how long the head is, its empty line included
  unsigned status = 0;      ///< refused: 400, 411, 431, 501 or 505; the connection must close
  const char* reason = "";  ///< refused: why; static text
};

/// Reads a head from the start of `bytes`.
/// Refused: bare CR or LF, folded lines, control bytes, white space around a name, more than one or an odd Content-Length,
/// Transfer-Encoding of any kind, either of the two with an underscore, or named by Connection, no, several or no valid Host,
/// several Content-Types, anything but origin form and HTTP/1.0 or 1.1, and what is beyond the two limits.
HeadResult parse_head(std::string_view bytes, RequestHead& head);

/// Percent-decoding (RFC 3986 section 2.1); nothing if a percent sign is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// Whether a character may stand in a token (RFC 9110 section 5.6.2).
bool is_token(char c) noexcept;

/// Whether two texts are equal without regard to ASCII case.
bool equal_without_case(std::string_view a, std::string_view b) noexcept;

const char* reason_phrase(unsigned status) noexcept;

}  // namespace signalbox::http
