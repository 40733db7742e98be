#include "bench/loadtest/message.hpp"

#include <algorithm>
#include <charconv>
#include <concepts>

namespace signalbox::bench {

namespace {

constexpr std::size_t kDigits = 16;      // of a time and of a number
constexpr std::size_t kShortDigits = 8;  // of a user and of a sequence

void append_hex(std::string& out, std::uint64_t value, std::size_t width) {
  char digits[kDigits];
  const char* end = std::to_chars(digits, digits + kDigits, value, 16).ptr;
  out.append(width - static_cast<std::size_t>(end - digits), '0').append(std::string_view(digits, end));
}

template <std::unsigned_integral Number>
bool take_hex(std::string_view& text, std::size_t width, Number& value) {
  const std::string_view digits = text.substr(0, width);
  text.remove_prefix(digits.size());
  const char* const begin = digits.data();
  const char* const end = begin + digits.size();
  return digits.size() == width && std::from_chars(begin, end, value, 16).ptr == end;
}

}  // namespace

void LoadMessage::append_to(std::string& out, std::size_t bytes) const {
  const std::chrono::nanoseconds time = intended.time_since_epoch();
  append_hex(out, static_cast<std::uint64_t>(time.count()), kDigits);
  append_hex(out, number, kDigits);
  append_hex(out, user, kShortDigits);
  append_hex(out, sequence, kShortDigits);
  out.append(std::max(bytes, kLeastBytes) - kLeastBytes, 'm');
}

std::optional<LoadMessage> LoadMessage::read(std::string_view payload) {
  LoadMessage message;
  std::uint64_t time = 0;
  if (!take_hex(payload, kDigits, time) || !take_hex(payload, kDigits, message.number) ||
      !take_hex(payload, kShortDigits, message.user) || !take_hex(payload, kShortDigits, message.sequence)) {
    return std::nullopt;
  }
  message.intended = Schedule::Clock::time_point(std::chrono::nanoseconds(time));
  return message;
}

}  // namespace signalbox::bench
