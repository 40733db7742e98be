// The calls about one user: exists and disconnect.
#include "server/api/calls.hpp"
#include "server/http/request_head.hpp"

namespace signalbox::api {
namespace {

void post_answer(std::shared_ptr<HttpConnection> connection, HttpConnection::SlotId slot, Answer answer) {
  auto& queue = connection->queue();
  queue.post([connection = std::move(connection), slot, answer = std::move(answer)] { connection->answer(slot, answer); });
}

}  // namespace

UserKey user_of_path(std::string_view encoded, const Config& config) {
  const std::optional<std::string> name = http::percent_decode(encoded, false);
  if (!name) return {{}, "the user's name is not percent-encoded"};
  return make_user_key(*name, config.users.case_sensitive);
}

void user_exists(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot, std::string_view user_key) {
  connection->context().publisher.exists(user_key, [connection = connection, slot](const Status& status, bool exists) mutable {
    Answer answer = !status.ok() ? error_answer(status)
                    : exists     ? Answer{200, "{\"exists\":true}\n", kJson, {}}
                                 : Answer{404, "{\"exists\":false}\n", kJson, {}};
    post_answer(std::move(connection), slot, std::move(answer));
  });
}

void disconnect_user(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot,
                     std::string_view user_key) {
  connection->context().publisher.disconnect(user_key, [connection = connection, slot](const Status& status) mutable {
    Answer answer = status.ok() ? Answer{202, "{\"disconnecting\":true}\n", kJson, {}} : error_answer(status);
    post_answer(std::move(connection), slot, std::move(answer));
  });
}

}  // namespace signalbox::api
