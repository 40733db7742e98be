#include "brokers/nats/errors.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace signalbox::nats {
namespace {

struct Row {
  std::string_view words;
  ErrorMeaning meaning;
};

// The first row whose words the error holds, in whatever case. Words of nats-server 2.9 and 2.10 and of nats.c 3.4 and 3.10.
constexpr std::array kRows{
    Row{"permissions violation", {errc::rejected, FaultKind::config}},
    Row{"authorization violation", {errc::unavailable, FaultKind::auth}},
    Row{"authentication expired", {errc::unavailable, FaultKind::auth}},
    Row{"authentication revoked", {errc::unavailable, FaultKind::auth}},
    Row{"error opening file", {errc::unavailable, FaultKind::config}},
    Row{"seed found", {errc::unavailable, FaultKind::config}},
    Row{"nonce", {errc::unavailable, FaultKind::auth}},
    Row{"nkey", {errc::unavailable, FaultKind::auth}},
    Row{"maximum connections exceeded", {errc::unavailable, FaultKind::limit}},
    Row{"maximum account active connections", {errc::unavailable, FaultKind::limit}},
    Row{"maximum subscriptions exceeded", {errc::unavailable, FaultKind::limit}},
    Row{"maximum payload", {errc::too_large, FaultKind::limit}},
    Row{"maximum control line", {errc::invalid_argument, FaultKind::limit}},
    Row{"connection throttling", {errc::unavailable, FaultKind::limit}},
    Row{"secure connection", {errc::unavailable, FaultKind::config}},
    Row{"certificate", {errc::unavailable, FaultKind::config}},
    Row{"ssl handshake", {errc::unavailable, FaultKind::config}},
    Row{"authentication timeout", {errc::unavailable, FaultKind::lost}},
    Row{"slow consumer", {errc::unavailable, FaultKind::lost}},
    Row{"stale connection", {errc::unavailable, FaultKind::lost}},
    Row{"unknown protocol operation", {errc::internal, FaultKind::lost}},
    Row{"invalid subject", {errc::internal, FaultKind::lost}},
    Row{"parser error", {errc::internal, FaultKind::lost}},
};

bool holds(std::string_view text, std::string_view words) noexcept {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::search(text.begin(), text.end(), words.begin(), words.end(), same) != text.end();
}

}  // namespace

ErrorMeaning meaning_of(std::string_view error) noexcept {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [error](const Row& one) { return holds(error, one.words); });
  return row == kRows.end() ? ErrorMeaning{errc::unavailable, FaultKind::lost} : row->meaning;
}

Fault fault_of(std::string_view error) {
  return {meaning_of(error).kind, error.empty() ? "the connection was lost" : std::string(error)};
}

std::optional<Violation> read_violation(std::string_view error) {
  if (!holds(error, "permissions violation")) return std::nullopt;
  const std::size_t open = error.find('"');
  if (open == std::string_view::npos) return std::nullopt;
  const std::size_t close = error.find('"', open + 1);
  return Violation{holds(error.substr(0, open), "publish"), std::string(error.substr(open + 1, close - open - 1)),
                   close != std::string_view::npos, std::string(error)};
}

}  // namespace signalbox::nats
