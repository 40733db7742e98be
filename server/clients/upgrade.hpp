// What server.listen answers to a request: the decision only, no socket.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/clients/client_message.hpp"
#include "server/http/request_head.hpp"

namespace signalbox {

/// An answer to a request on server.listen.
struct UpgradeDecision {
  unsigned status = 400;  ///< 101: upgrade
  std::string body;       ///< of a status other than 101
  std::string headers;    ///< whole lines beyond those that every answer has
  Mode mode = Mode::plain;
  std::optional<std::string> user_name;
  const char* user_name_error = nullptr;  ///< why the user_name of the URL can't be read; static text
  std::uint8_t deflate_window_bits = 0;   ///< as in ExtensionAnswer
};

/// What the decision depends on, besides the request.
struct UpgradeRules {
  const std::vector<std::string>& allowed_origins;
  bool draining = false;
  std::function<std::string()> why_not_ready;  ///< empty if ready; asked for the probe only
  bool permessage_deflate = false;             ///< may be negotiated
};

/// RFC 6455 section 4.2.1, the origin check, and the two probes.
UpgradeDecision decide_upgrade(const http::RequestHead& head, const UpgradeRules& rules);

/// Whether a browser's Origin is among the allowed ones: exact, but that https has port 443 and http port 80, or *.example.com
/// for any host below it, on any scheme and port.
/// No allowed ones: any.
bool origin_allowed(std::string_view origin, const std::vector<std::string>& allowed);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2).
std::string accept_key(std::string_view key);

/// The bytes of an answer other than 101: it says Connection: close.
std::string refusal_text(const UpgradeDecision& decision, bool head_only);
/// The bytes of the 101.
std::string upgrade_text(const UpgradeDecision& decision);

}  // namespace signalbox
