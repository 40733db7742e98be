#include "server/clients/client_message.hpp"

#include <algorithm>

#include "server/text/base64.hpp"
#include "server/text/json.hpp"

namespace signalbox {
namespace {

using Members = std::vector<json::Member>;

/// The last member of this name: what most JSON libraries take where a name is repeated.
const json::Member* find(const Members& members, std::string_view name) {
  const auto found = std::find_if(members.rbegin(), members.rend(), [name](const json::Member& m) { return m.name == name; });
  return found == members.rend() ? nullptr : &*found;
}

ClientMessage registration(const json::Member* user_name) {
  if (!user_name) return {ClientMessage::Kind::meaningless, {}};
  std::optional<std::string> name = json::as_string(user_name->value);
  if (!name) return {ClientMessage::Kind::bad_name, {}};
  return {ClientMessage::Kind::register_user, std::move(*name)};
}

/// The members of a client's object, or what else the text is.
std::optional<Members> read_object(std::string_view text, ClientMessage& otherwise) {
  std::optional<Members> members = json::members(text);
  if (!members) {
    otherwise.kind = json::is_value(text) ? ClientMessage::Kind::meaningless : ClientMessage::Kind::not_json;
  }
  return members;
}

}  // namespace

ClientMessage read_plain_message(std::string_view text) {
  if (text == "ping") return {ClientMessage::Kind::ping, {}};
  ClientMessage otherwise;
  const std::optional<Members> members = read_object(text, otherwise);
  return members ? registration(find(*members, "user_name")) : otherwise;
}

ClientMessage read_envelope_message(std::string_view text) {
  if (text == "ping") return {ClientMessage::Kind::ping, {}};
  ClientMessage otherwise;
  const std::optional<Members> members = read_object(text, otherwise);
  if (!members) return otherwise;
  const json::Member* type = find(*members, "type");
  const std::optional<std::string> name = type ? json::as_string(type->value) : std::nullopt;
  if (name == "ping") return {ClientMessage::Kind::ping, {}};
  if (name != "register") return {ClientMessage::Kind::meaningless, {}};
  const json::Member* user_name = find(*members, "user_name");
  return user_name ? registration(user_name) : ClientMessage{ClientMessage::Kind::bad_name, {}};
}

std::string registered_text(std::string_view user_key, std::string_view instance_id, std::uint64_t connection) {
  return R"({"type":"registered","user":)" + json::quoted(user_key) + R"(,"instance":)" + json::quoted(instance_id) +
         R"(,"connection":)" + std::to_string(connection) + "}";
}

std::string message_text(std::string_view payload, bool is_text) {
  std::string out = R"({"type":"message",)";
  if (!is_text) {
    out += R"("base64":")" + base64_encode(payload) + '"';
  } else if (json::is_object_or_array(payload)) {
    out.append(R"("data":)").append(payload);
  } else {
    out += R"("data":)" + json::quoted(payload);
  }
  return out += '}';
}

std::string gap_text(std::string_view reason) { return R"({"type":"gap","reason":)" + json::quoted(reason) + "}"; }

std::string draining_text(std::uint32_t reconnect_in_ms) {
  return R"({"type":"draining","reconnect_in_ms":)" + std::to_string(reconnect_in_ms) + "}";
}

std::string error_text(std::string_view code, std::string_view message) {
  return R"({"type":"error","code":)" + json::quoted(code) + R"(,"message":)" + json::quoted(message) + "}";
}

}  // namespace signalbox
