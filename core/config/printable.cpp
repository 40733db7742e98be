#include "core/config/printable.hpp"

#include <utf8proc.h>

namespace signalbox {
namespace {

struct Character {
  std::size_t size;  // 0: not UTF-8
  utf8proc_int32_t code;
};

Character decode(std::string_view text) noexcept {
  utf8proc_int32_t code = -1;
  const utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                 static_cast<utf8proc_ssize_t>(text.size()), &code);
  return size > 0 ? Character{static_cast<std::size_t>(size), code} : Character{0, -1};
}

bool is_control(utf8proc_int32_t code) noexcept { return code < 0x20 || (code >= 0x7f && code <= 0x9f); }

void append_escaped(std::string& line, unsigned char byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (byte) {
    case '\n': line += "\\n"; return;
    case '\r': line += "\\r"; return;
    case '\t': line += "\\t"; return;
    default: line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xf]};
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const Character character = decode(text);
    const std::size_t size = character.size == 0 ? 1 : character.size;
    if (character.size == 0 || is_control(character.code)) {
      for (const char byte : text.substr(0, size)) append_escaped(line, static_cast<unsigned char>(byte));
    } else {
      line += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return line;
}

bool holds_control_character(std::string_view text) { return printable(text) != text; }

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const Character character = decode(text.substr(at));
    if (character.size == 0) return at;
    at += character.size;
  }
  return std::string_view::npos;
}

}  // namespace signalbox
