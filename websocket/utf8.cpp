#include "websocket/utf8.hpp"

#include <cstddef>
#include <cstring>

namespace signalbox::websocket {

namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080;

// How many bytes from `at` on are ASCII, in steps of eight: what is left over is the byte loop's.
std::size_t ascii_run(const char* at, std::size_t size) noexcept {
  std::size_t run = 0;
  for (; run + sizeof(std::uint64_t) <= size; run += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, at + run, sizeof word);
    if ((word & kHighBits) != 0) break;
  }
  return run;
}

}  // namespace

bool Utf8Validator::push(std::string_view piece) noexcept {
  for (std::size_t at = 0; at < piece.size();) {
    if (missing_ == 0) {
      at += ascii_run(piece.data() + at, piece.size() - at);
      if (at == piece.size()) break;
    }
    // Up to eight bytes one by one before the words are tried again: mixed text must not pay for a try at every byte.
    for (std::size_t end = at + 8 < piece.size() ? at + 8 : piece.size(); at < end; ++at) {
      if (!push_byte(static_cast<std::uint8_t>(piece[at]))) return false;
    }
  }
  return true;
}

bool Utf8Validator::push_byte(std::uint8_t byte) noexcept {
  if (missing_ == 0) return byte < 0x80 || begin_character(byte);
  if (byte < lowest_ || byte > highest_) return false;
  --missing_;
  lowest_ = 0x80;
  highest_ = 0xBF;
  return true;
}

// The second byte's range is what shuts out overlong forms, surrogates and anything past U+10FFFF (RFC 3629 section 4).
bool Utf8Validator::begin_character(std::uint8_t lead) noexcept {
  if (lead < 0xC2 || lead > 0xF4) return false;
  missing_ = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  lowest_ = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  highest_ = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return true;
}

bool is_valid_utf8(std::string_view text) noexcept {
  Utf8Validator validator;
  return validator.push(text) && validator.complete();
}

}  // namespace signalbox::websocket
