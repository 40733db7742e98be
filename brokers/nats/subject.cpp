#include "brokers/nats/subject.hpp"

#include <algorithm>
#include <cstddef>

namespace signalbox::nats {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

constexpr bool is_plain(char byte) noexcept {
  return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         byte == '-';
}

}  // namespace

void append_token(std::string& out, std::string_view channel) {
  for (const char byte : channel) {
    if (is_plain(byte)) {
      out.push_back(byte);
      continue;
    }
    const auto value = static_cast<unsigned char>(byte);
    out.push_back('%');
    out.push_back(kDigits[value >> 4]);
    out.push_back(kDigits[value & 15]);
  }
}

std::size_t token_size(std::string_view channel) noexcept {
  const auto plain = static_cast<std::size_t>(std::count_if(channel.begin(), channel.end(), is_plain));
  return plain + 3 * (channel.size() - plain);
}

bool read_token(std::string_view token, std::string& channel) {
  channel.clear();
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (is_plain(token[i])) {
      channel.push_back(token[i]);
      continue;
    }
    if (token[i] != '%' || token.size() - i < 3) return false;
    const std::size_t high = kDigits.find(token[i + 1]);
    const std::size_t low = kDigits.find(token[i + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    const char byte = static_cast<char>(high * 16 + low);
    if (is_plain(byte)) return false;
    channel.push_back(byte);
    i += 2;
  }
  return true;
}

bool is_subject_prefix(std::string_view prefix) noexcept {
  if (prefix.empty() || prefix.front() == '.' || prefix.back() != '.') return false;
  if (prefix.find("..") != std::string_view::npos) return false;
  return std::all_of(prefix.begin(), prefix.end(), [](char byte) { return is_plain(byte) || byte == '.'; });
}

}  // namespace signalbox::nats
