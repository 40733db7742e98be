#include "notification.hpp"

#include <array>
#include <charconv>
#include <cstddef>

namespace pgbroker {
namespace {

constexpr std::uint8_t kNoDigit = 255;

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}();

/// Appends what `text` stands for: PostgreSQL's base64, with a line end every 76 characters.
bool append_base64(std::string_view text, std::string& bytes) {
  std::uint32_t bits = 0;
  int count = 0;
  for (const char character : text) {
    if (character == '\n') continue;
    if (character == '=') break;
    const std::uint8_t digit = kDigits[static_cast<unsigned char>(character)];
    if (digit == kNoDigit) return false;
    bits = (bits << 6) | digit;
    if ((count += 6) < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>((bits >> count) & 0xFF));
  }
  return true;
}

bool take_number(std::string_view& text, std::uint64_t& number) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at == end || *at != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(at - text.data()) + 1);
  return true;
}

}  // namespace

Assembler::Outcome Assembler::feed(std::string_view text) {
  std::uint64_t id = 0;
  std::uint64_t part = 0;
  std::uint64_t parts = 0;
  if (!take_number(text, id) || !take_number(text, part) || !take_number(text, parts)) return fail();
  if (part == 1) {
    bytes_.clear();
    id_ = id;
  } else if (part != next_part_ || id != id_) {
    return fail();
  }
  if (!append_base64(text, bytes_)) return fail();
  next_part_ = part + 1;
  if (part < parts) return Outcome::incomplete;
  if (bytes_.size() < 2) return fail();
  const std::size_t channel_bytes = static_cast<std::size_t>(static_cast<unsigned char>(bytes_[0])) << 8 |
                                    static_cast<std::size_t>(static_cast<unsigned char>(bytes_[1]));
  if (bytes_.size() < 2 + channel_bytes) return fail();
  channel_ = std::string_view(bytes_).substr(2, channel_bytes);
  payload_ = std::string_view(bytes_).substr(2 + channel_bytes);
  next_part_ = 0;
  return Outcome::complete;
}

Assembler::Outcome Assembler::fail() {
  next_part_ = 0;
  bytes_.clear();
  return Outcome::malformed;
}

}  // namespace pgbroker
