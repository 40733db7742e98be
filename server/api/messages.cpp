// POST /api/v1/users/{user}/messages: one message to one user.
#include "server/api/calls.hpp"
#include "websocket/utf8.hpp"

namespace signalbox::api {
namespace {

Answer answer_of(const PublishOutcome& outcome) {
  if (outcome.code) return error_answer(Status{outcome.code, outcome.detail});
  if (!outcome.delivered) return {404, "{\"delivered\":false}\n", kJson, {}};
  return {200, "{\"delivered\":true," + receivers_members(outcome.receivers, true) + "}\n", kJson, {}};
}

}  // namespace

std::string receivers_members(const Receivers& receivers, bool with_precision) {
  const bool known = receivers.precision != Precision::unknown;
  std::string text = "\"receivers\":" + (known ? std::to_string(receivers.count) : std::string("null"));
  if (with_precision) text.append(",\"precision\":\"").append(word(receivers.precision)).append("\"");
  return text;
}

void publish_message(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot, std::string_view user_key,
                     std::string_view payload, bool is_text) {
  if (is_text && !websocket::is_valid_utf8(payload)) {
    connection->answer(slot,
                       error_answer(errc::invalid_argument, "text has to be UTF-8; send bytes as application/octet-stream"));
    return;
  }
  connection->context().publisher.publish(
      user_key, is_text ? Kind::text : Kind::binary, payload,
      [connection = connection, slot](const PublishResult& result) mutable {
        auto& queue = connection->queue();
        queue.post([connection = std::move(connection), slot, outcome = PublishOutcome(result)] {
          connection->answer(slot, answer_of(outcome));
        });
      });
}

}  // namespace signalbox::api
