#include "server/api/bulk.hpp"

#include <cstdio>
#include <optional>
#include <utility>
#include <vector>

#include "core/users/user_key.hpp"
#include "server/api/calls.hpp"
#include "server/text/base64.hpp"
#include "server/text/json.hpp"

namespace signalbox::api {
namespace {

/// What a line asks for, or why it can't be read.
struct Request {
  std::optional<std::string> user;
  Kind kind = Kind::text;
  std::string payload;
  const char* error = nullptr;
};

Request failed(std::optional<std::string> user, const char* error) { return {std::move(user), Kind::text, {}, error}; }

/// Reads the value of `text`, `json` or `base64` into the request; false if that is not what it is.
bool read_payload(const json::Member& member, Request& request) {
  if (member.name == "json") {
    request.payload = member.value;
    return true;
  }
  std::optional<std::string> text = json::as_string(member.value);
  if (text && member.name == "base64") {
    request.kind = Kind::binary;
    text = base64_decode(*text);
  }
  if (!text) return false;
  request.payload = std::move(*text);
  return true;
}

/// What may stand in a line once.
struct Once {
  const json::Member* member = nullptr;
  bool twice = false;

  void take(const json::Member& found) {
    twice = member != nullptr;
    member = &found;
  }
};

Request read_request(std::string_view line) {
  const std::optional<std::vector<json::Member>> members = json::members_at_any_depth(line);
  if (!members) return failed(std::nullopt, "the line is not a JSON object");
  Once user;
  Once payload;
  for (const json::Member& member : *members) {
    if (member.name == "user") user.take(member);
    if (member.name == "text" || member.name == "json" || member.name == "base64") payload.take(member);
  }
  if (user.twice) return failed(std::nullopt, "user stands in the line twice");
  Request request;
  if (user.member) request.user = json::as_string(user.member->value);
  if (!request.user) return failed(std::nullopt, "user is not a string");
  if (!payload.member) return failed(std::move(request.user), "text, json or base64 is missing");
  if (payload.twice) return failed(std::move(request.user), "only one of text, json and base64 may stand in a line, and once");
  if (!read_payload(*payload.member, request)) request.error = "text has to be a string, base64 a string of base64";
  return request;
}

std::string error_line(const std::optional<std::string>& user, std::string_view code, std::string_view message) {
  return "{\"user\":" + (user ? json::quoted(*user) : "null") + ",\"error\":" + error_object(code, message) + "}\n";
}

std::string result_line(const std::string& user, const PublishResult& result) {
  if (!result.status.ok()) {
    const std::string code = result.status.code.message();
    return error_line(user, code, result.status.detail.empty() ? code : result.status.detail);
  }
  return "{\"user\":" + json::quoted(user) + ",\"delivered\":" + (result.delivered ? "true" : "false") + "," +
         receivers_members(result.delivered ? result.receivers : Receivers{0, Precision::exact}, false) + "}\n";
}

}  // namespace

Bulk::Bulk(std::shared_ptr<HttpConnection> connection, HttpConnection::SlotId slot, bool chunked)
    : connection_(std::move(connection)),
      slot_(slot),
      chunked_(chunked),
      // Each byte of a payload may be written as \u00XX.
      longest_line_(6 * connection_->context().config.limits.message_bytes + 4096) {}

void Bulk::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (!skipping_ && partial_.size() + piece.size() > longest_line_) {
      skipping_ = true;
      partial_.clear();
      lines_.emplace_back();
      finish(first_line_ + lines_.size() - 1,
             error_line(std::nullopt, word(errc::too_large), "the line is longer than 6 times limits.message_bytes and 4 KiB"));
    }
    if (!skipping_) partial_.append(piece);
    if (end == std::string_view::npos) return;
    if (!std::exchange(skipping_, false)) take_line(std::exchange(partial_, {}));
    bytes.remove_prefix(end + 1);
  }
}

void Bulk::end() {
  if (!skipping_) take_line(partial_);
  ended_ = true;
  write_finished();
}

void Bulk::take_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  lines_.emplace_back();
  const LineId id = first_line_ + lines_.size() - 1;
  const Request request = read_request(line);
  if (request.error) {
    finish(id, error_line(request.user, word(errc::invalid_argument), request.error));
  } else if (request.payload.size() > connection_->context().config.limits.message_bytes) {
    finish(id, error_line(request.user, word(errc::too_large), "the payload is larger than limits.message_bytes"));
  } else {
    publish(id, *request.user, request.kind, request.payload);
  }
}

void Bulk::publish(LineId id, const std::string& user, Kind kind, std::string_view payload) {
  ApiContext& context = connection_->context();
  const UserKey key = make_user_key(user, context.config.users.case_sensitive);
  if (key.error) {
    finish(id, error_line(user, word(errc::invalid_argument), key.error));
    return;
  }
  lines_.back().bytes = payload.size();
  waiting_bytes_ += payload.size();
  context.publisher.publish(key.key, kind, payload, [self = shared_from_this(), id, user](const PublishResult& result) mutable {
    auto& queue = self->connection_->queue();
    queue.post(
        [self = std::move(self), id, answer = result_line(user, result)]() mutable { self->finish(id, std::move(answer)); });
  });
}

void Bulk::finish(LineId id, std::string answer) {
  Line& line = lines_[id - first_line_];
  waiting_bytes_ -= line.bytes;
  line.answer = std::move(answer);
  line.done = true;
  // After the completions that came in the same batch: their answers make one chunk.
  if (std::exchange(write_scheduled_, true)) return;
  connection_->queue().post([self = shared_from_this()] {
    self->write_scheduled_ = false;
    self->write_finished();
  });
}

void Bulk::write_finished() {
  if (over_) return;
  const bool was_full = !room();
  std::string text;
  while (!lines_.empty() && lines_.front().done) {
    text += lines_.front().answer;
    lines_.pop_front();
    ++first_line_;
  }
  if (!text.empty() && chunked_) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", text.size());
    text.insert(0, size).append("\r\n");
  }
  over_ = ended_ && lines_.empty();
  if (over_ && chunked_) text += "0\r\n\r\n";
  if (!text.empty()) connection_->write(slot_, text);
  if (over_) connection_->finish(slot_);
  if (was_full && room()) connection_->resume();
}

}  // namespace signalbox::api
