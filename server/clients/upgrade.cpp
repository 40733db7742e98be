#include "server/clients/upgrade.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/sha.h>

#include "server/clients/extensions.hpp"
#include "server/text/base64.hpp"

namespace signalbox {
namespace {

using http::RequestHead;

UpgradeDecision refuse(unsigned status, std::string body, std::string headers = {}) {
  return {status, std::move(body), std::move(headers), Mode::plain, std::nullopt, nullptr};
}

/// Names the protocol to upgrade to (RFC 9110 section 15.5.22), and that in a Connection of its own beside the one that closes.
UpgradeDecision upgrade_required(std::string body) {
  return refuse(426, std::move(body), "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
}

/// `not_ready`: why, or empty.
UpgradeDecision probe(const RequestHead& head, const std::string& not_ready) {
  if (head.method != "GET" && head.method != "HEAD") return refuse(405, "method not allowed", "Allow: GET, HEAD\r\n");
  return not_ready.empty() ? refuse(200, "ok") : refuse(503, not_ready, "Retry-After: 1\r\n");
}

/// The host of an origin, without scheme and port; empty for what is no origin: one has no path and no user, so that
/// https://evil.test/.example.com is not below example.com.
std::string_view host_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = origin.substr(scheme + 3);
  if (rest.find_first_of("/?#@\\") != std::string_view::npos) return {};
  return rest.substr(0, rest.find(':'));
}

/// Without the port that a browser leaves out.
std::string_view without_default_port(std::string_view origin) {
  for (const auto& [scheme, port] : {std::pair<std::string_view, std::string_view>{"https://", ":443"}, {"http://", ":80"}}) {
    if (!http::equal_without_case(origin.substr(0, scheme.size()), scheme) || !origin.ends_with(port)) continue;
    return origin.substr(0, origin.size() - port.size());
  }
  return origin;
}

bool is_websocket_key(std::string_view key) {
  const std::optional<std::string> bytes = base64_decode(key);
  return bytes && bytes->size() == 16;
}

/// Reads the user_name of the URL's query, if there is one. Other parameters are nobody's business here.
void read_query(std::string_view query, UpgradeDecision& decision) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const std::size_t equals = parameter.find('=');
    const std::optional<std::string> name = http::percent_decode(parameter.substr(0, equals), true);
    if (!name || *name != "user_name") continue;
    const std::optional<std::string> value =
        http::percent_decode(equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1), true);
    if (!value) decision.user_name_error = "user_name is not percent-encoded";
    if (decision.user_name) decision.user_name_error = "user_name stands in the query twice";
    decision.user_name = value.value_or("");
  }
}

bool wants_websocket(const RequestHead& head) { return head.has_token("upgrade", "websocket"); }

/// RFC 6455 section 4.2.1, items 1 to 8.
std::optional<UpgradeDecision> check_handshake(const RequestHead& head) {
  if (head.method != "GET" || head.http_1_0) return refuse(400, "a WebSocket is opened by GET and HTTP/1.1");
  if (head.content_length > 0) return refuse(400, "a WebSocket handshake has no body");
  if (!head.has_token("connection", "upgrade")) return refuse(400, "Connection: Upgrade is missing");
  if (head.count("sec-websocket-version") != 1 || *head.find("sec-websocket-version") != "13") {
    return upgrade_required("only version 13 of the WebSocket protocol is spoken");
  }
  if (head.count("sec-websocket-key") != 1 || !is_websocket_key(*head.find("sec-websocket-key"))) {
    return refuse(400, "Sec-WebSocket-Key has to be 16 bytes in base64");
  }
  return std::nullopt;
}

UpgradeDecision upgrade(const RequestHead& head, const UpgradeRules& rules) {
  if (std::optional<UpgradeDecision> refused = check_handshake(head)) return *refused;
  if (head.count("origin") > 1) return refuse(400, "more than one Origin");
  const std::optional<std::string_view> origin = head.find("origin");
  if (origin && !origin_allowed(*origin, rules.allowed_origins)) return refuse(403, "this Origin is not allowed");
  if (rules.draining) return refuse(503, "draining", "Retry-After: 1\r\n");
  const ExtensionAnswer extensions = rules.permessage_deflate ? answer_extensions(head) : ExtensionAnswer{};
  if (extensions.malformed) return refuse(400, "Sec-WebSocket-Extensions is malformed");

  UpgradeDecision decision;
  read_query(head.query(), decision);
  decision.status = 101;
  decision.headers = "Sec-WebSocket-Accept: " + accept_key(*head.find("sec-websocket-key")) + "\r\n";
  if (head.has_exact_token("sec-websocket-protocol", kEnvelopeSubprotocol)) {
    decision.mode = Mode::envelope;
    decision.headers.append("Sec-WebSocket-Protocol: ").append(kEnvelopeSubprotocol).append("\r\n");
  }
  decision.deflate_window_bits = extensions.window_bits;
  if (!extensions.value.empty()) decision.headers += "Sec-WebSocket-Extensions: " + extensions.value + "\r\n";
  return decision;
}

}  // namespace

UpgradeDecision decide_upgrade(const RequestHead& head, const UpgradeRules& rules) {
  const std::string_view path = head.path();
  if (path == "/healthz") return probe(head, {});
  if (path == "/readyz") return probe(head, rules.why_not_ready());
  if (path != "/" && path != "/ws") return refuse(404, "not found");
  if (!wants_websocket(head)) return upgrade_required("this is a WebSocket");
  return upgrade(head, rules);
}

bool origin_allowed(std::string_view origin, const std::vector<std::string>& allowed) {
  if (allowed.empty()) return true;
  const std::string_view exact = without_default_port(origin);
  return std::any_of(allowed.begin(), allowed.end(), [&](std::string_view rule) {
    if (!rule.starts_with("*.")) return http::equal_without_case(exact, without_default_port(rule));
    const std::string_view suffix = rule.substr(1);
    const std::string_view host = host_of(origin);
    return host.size() > suffix.size() && http::equal_without_case(host.substr(host.size() - suffix.size()), suffix);
  });
}

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string refusal_text(const UpgradeDecision& decision, bool head_only) {
  std::string text = "HTTP/1.1 " + std::to_string(decision.status) + " " + http::reason_phrase(decision.status) + "\r\n" +
                     decision.headers + "Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " +
                     std::to_string(decision.body.size() + 1) + "\r\n\r\n";
  if (!head_only) text += decision.body + "\n";
  return text;
}

std::string upgrade_text(const UpgradeDecision& decision) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + decision.headers + "\r\n";
}

}  // namespace signalbox
