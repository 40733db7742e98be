// The port of a URL: port_number() of Boost.URL 1.81 begins again at 0 beyond 65535.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace signalbox {

/// 1 to 65535 in decimal digits; nothing if it is anything else.
[[nodiscard]] inline std::optional<std::uint16_t> parse_port(std::string_view digits) noexcept {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace signalbox
