// The API's calls but for bulk: a request's meaning, without HTTP's framing.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/users/user_key.hpp"
#include "server/api/http_connection.hpp"

namespace signalbox::api {

/// The key of the user whose percent-encoded name is a path's segment.
UserKey user_of_path(std::string_view encoded, const Config& config);

// Answer the slot when the broker has answered.
void publish_message(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot, std::string_view user_key,
                     std::string_view payload, bool is_text);
void user_exists(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot, std::string_view user_key);
void disconnect_user(const std::shared_ptr<HttpConnection>& connection, HttpConnection::SlotId slot, std::string_view user_key);

Answer instance_info(const ApiContext& context);
Answer healthz();
Answer readyz(const ApiContext& context);
Answer metrics(const ApiContext& context);

/// "receivers":N,"precision":"…"; without the precision for a line of bulk.
std::string receivers_members(const Receivers& receivers, bool with_precision);

}  // namespace signalbox::api
