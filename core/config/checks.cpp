#include "core/config/checks.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "core/config/port.hpp"
#include "core/config/printable.hpp"
#include "core/config/value.hpp"

namespace signalbox {
namespace {

constexpr std::size_t kLongestInstanceId = 128;
constexpr std::size_t kLongestChannelPrefix = 384;  // SPEC: the broker contract, reserved channels

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) { return byte > ' ' && byte < 0x7f; });
}

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }

bool is_domain(std::string_view text) {
  constexpr std::string_view kDomainCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
  if (text.empty() || text.front() == '.' || text.find("..") != std::string_view::npos) return false;
  return text.find_first_not_of(kDomainCharacters) == std::string_view::npos;
}

/// As a browser writes it: it decodes a host, and nobody's has a star.
bool is_exact_origin(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || !url->has_authority() || url->has_userinfo() || url->encoded_host().empty()) return false;
  if (url->encoded_host().find_first_of("*%") != std::string_view::npos) return false;
  if (url->has_port() && !parse_port(url->port())) return false;
  return url->encoded_path().empty() && !url->has_query() && !url->has_fragment();
}

/// What may have been meant, or nothing.
std::string_view origin_hint(std::string_view text) {
  if (text == "*") return " (an empty list allows any)";
  const bool any_below = text.starts_with("*.") || text.find("://*.") != std::string_view::npos;
  return any_below ? " (*.example.com is any name below it, on any scheme and port)" : "";
}

}  // namespace

void check_not_empty(const std::string& value) {
  if (value.empty()) throw BadValue("must not be empty");
}

void check_instance_id(const std::string& value) {
  if (value.size() > kLongestInstanceId || !is_visible_ascii(value)) {
    throw BadValue("must be at most 128 visible ASCII characters without spaces, got " + in_quotes(value));
  }
}

void check_origin(const std::string& value) {
  if (value.starts_with("*.") ? is_domain(std::string_view(value).substr(2)) : is_exact_origin(value)) return;
  throw BadValue("expected an origin such as https://app.example.com or *.example.com, without a path, got " +
                 in_quotes(value) + std::string(origin_hint(value)));
}

void check_api_key(const std::string& value) {
  if (value.empty()) throw BadValue("holds an empty key");
  if (!is_visible_ascii(value))
    throw BadValue("holds a key that is not of visible ASCII characters only, as a header needs it");
}

bool is_guarded(const Config::Api& api) { return !api.keys.empty() || is_loopback(api.listen); }

void check_channel_prefix(const std::string& value) {
  if (value.size() > kLongestChannelPrefix) {
    throw BadValue("must be at most 384 bytes, got " + std::to_string(value.size()));
  }
  if (holds_control_character(value)) {
    throw BadValue("must not hold control characters, got " + in_quotes(value));
  }
}

void check_time_of_day(const std::string& value) {
  const bool shaped = value.size() == 5 && is_digit(value[0]) && is_digit(value[1]) && value[2] == ':' && is_digit(value[3]) &&
                      is_digit(value[4]);
  if (!shaped || value.substr(0, 2) > "23" || value.substr(3) > "59") {
    throw BadValue("expected a time of day from 00:00 to 23:59, got " + in_quotes(value));
  }
}

}  // namespace signalbox
