#include "bench/http_head.hpp"

#include <charconv>

namespace signalbox::bench {

namespace {

constexpr std::string_view kVersion = "HTTP/1.1 ";
constexpr std::string_view kLength = "\r\nContent-Length: ";
constexpr std::string_view kEnd = "\r\n\r\n";

}  // namespace

std::optional<HttpHead> read_http_head(std::string_view bytes) {
  const std::size_t end = bytes.find(kEnd);
  if (end == std::string_view::npos) return std::nullopt;
  HttpHead head;
  head.size = end + kEnd.size();
  const std::string_view text = bytes.substr(0, end);
  if (text.starts_with(kVersion)) std::from_chars(text.data() + kVersion.size(), text.data() + text.size(), head.status);
  std::size_t length = 0;
  const std::size_t field = text.find(kLength);
  if (field == std::string_view::npos) return head;
  const char* value = text.data() + field + kLength.size();
  if (std::from_chars(value, text.data() + text.size(), length).ec == std::errc()) head.length = length;
  return head;
}

}  // namespace signalbox::bench
