// The calls about one user: exists and disconnect.
#include "server/api/calls.hpp"
#include "server/http/request_head.hpp"

namespace signalbox::api {

UserKey user_of_path(std::string_view encoded, const Config& config) {
  const std::optional<std::string> name = http::percent_decode(encoded, false);
  if (!name) return {{}, "the user's name is not percent-encoded"};
  return make_user_key(*name, config.users.case_sensitive);
}

void user_exists(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot, std::string_view user_key) {
  connection->context().publisher.exists(user_key, [connection, slot](const Status& status, bool exists) {
    Answer answer = !status.ok() ? error_answer(status)
                    : exists     ? Answer{200, "{\"exists\":true}\n", kJson, {}}
                                 : Answer{404, "{\"exists\":false}\n", kJson, {}};
    connection->queue().post([connection, slot, answer = std::move(answer)] { connection->answer(slot, answer); });
  });
}

void disconnect_user(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot,
                     std::string_view user_key) {
  connection->context().publisher.disconnect(user_key, [connection, slot](const Status& status) {
    Answer answer = status.ok() ? Answer{202, "{\"disconnecting\":true}\n", kJson, {}} : error_answer(status);
    connection->queue().post([connection, slot, answer = std::move(answer)] { connection->answer(slot, answer); });
  });
}

}  // namespace signalbox::api
