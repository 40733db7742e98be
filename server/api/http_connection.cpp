#include "server/api/http_connection.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "core/users/user_key.hpp"
#include "server/api/bulk.hpp"
#include "server/api/calls.hpp"
#include "server/api/foreign_page.hpp"
#include "server/api/keys.hpp"
#include "server/http/request_head.hpp"

namespace signalbox::api {
namespace {

using boost::system::error_code;

/// Requests in progress on one connection, and bytes of answers that the client has not taken: beyond, nothing is read.
constexpr std::size_t kMaxSlots = 256;
constexpr std::size_t kMaxUnwritten = 1024 * 1024;

}  // namespace

HttpConnection::HttpConnection(Shared& shared, Socket socket)
    : shared_(shared), context_(shared.context), socket_(std::move(socket)), timer_(socket_.get_executor()) {
  shared_.connections.insert(this);
}

HttpConnection::~HttpConnection() {
  shared_.connections.erase(this);
  context_.sockets.release_api_socket();
}

void HttpConnection::start() {
  update_deadline();
  read();
}

void HttpConnection::read() {
  if (read_pending_ || !(lingering_ || (reading_ != Reading::nothing && room()))) return;
  read_pending_ = true;
  socket_.async_read_some(boost::asio::buffer(chunk_),
                          [self = shared_from_this()](const error_code& ec, std::size_t count) { self->on_read(ec, count); });
}

void HttpConnection::on_read(const error_code& ec, std::size_t count) {
  read_pending_ = false;
  if (ec == boost::asio::error::eof) {
    on_end_of_input();
  } else if (ec) {
    close();
  } else if (lingering_) {
    read();  // and forget it: closing with bytes unread would reset the connection and take the answer with it
  } else {
    in_.append(chunk_.data(), count);
    process();
  }
}

/// A client that has only closed its own direction still gets the answers it waits for.
void HttpConnection::on_end_of_input() {
  const bool incomplete = reading_ == Reading::body || reading_ == Reading::bulk || reading_ == Reading::discarded;
  reading_ = Reading::nothing;
  input_ended_ = true;
  if (lingering_ || incomplete || (slots_.empty() && !writing_)) close();
}

bool HttpConnection::room() const noexcept {
  if (slots_.size() >= kMaxSlots || out_.size() + waiting_bytes_ > kMaxUnwritten) return false;
  return !bulk_ || bulk_->room();
}

void HttpConnection::process() {
  try {
    while (room() && process_some()) {
    }
  } catch (...) {  // a request has no answer now, so that what follows it can have none
    close();
    throw;
  }
  in_.erase(0, in_at_);
  in_at_ = 0;
  update_deadline();
  read();
}

bool HttpConnection::process_some() {
  switch (reading_) {
    case Reading::head: return process_head();
    case Reading::body: return process_body();
    case Reading::bulk: return process_bulk();
    case Reading::discarded: return process_discarded();
    case Reading::nothing: return false;
  }
  return false;
}

bool HttpConnection::process_head() {
  const std::string_view bytes = std::string_view(in_).substr(in_at_);
  if (bytes.empty()) return false;
  http::RequestHead head;
  const http::HeadResult result = http::parse_head(bytes, head);
  if (result.kind == http::HeadResult::Kind::incomplete) return false;
  if (result.kind == http::HeadResult::Kind::refused) {
    refuse(new_slot({false, bytes.starts_with("HEAD ")}), http_error(result.status, result.reason));
    return false;
  }
  in_at_ += result.bytes;
  request_began_ = {};
  begin(head);
  return true;
}

void HttpConnection::begin(const http::RequestHead& head) {
  const SlotId slot = new_slot({head.keep_alive, head.method == "HEAD"});
  last_request_ = !head.keep_alive;
  if (last_request_) reading_ = Reading::nothing;
  const Route route = api::route(head);
  if (route.needs_key) {
    if (const std::optional<Answer> refusal = why_unauthorized(head)) {
      refuse(slot, *refusal);
      return;
    }
    trusted_ = true;
  }
  if (route.call == Call::publish) {
    begin_publish(slot, route.user, head);
  } else if (route.call == Call::bulk) {
    begin_bulk(slot, head);
  } else if (route.call == Call::not_found || route.call == Call::not_allowed) {
    Answer refusal =
        route.call == Call::not_found ? http_error(404, "no such call") : http_error(405, "this path has no such method");
    if (route.call == Call::not_allowed) refusal.headers = "Allow: " + route.allowed + "\r\n";
    answer_without_body(slot, head, refusal);
  } else if (head.content_length > 0) {
    answer_without_body(slot, head, error_answer(errc::invalid_argument, "this call takes no body"));
  } else {
    call(slot, route.call, route.user);
  }
}

/// The answer does not depend on the body. A body of ordinary size is passed over, so that the requests behind it count; to
/// swallow a large one would be to work for nothing.
void HttpConnection::answer_without_body(SlotId slot, const http::RequestHead& head, const Answer& early) {
  if (head.content_length > context_.config.limits.message_bytes) {
    refuse(slot, early);
    return;
  }
  answer(slot, early);
  if (head.content_length == 0) return;
  body_left_ = head.content_length;
  reading_ = Reading::discarded;
}

bool HttpConnection::process_discarded() {
  const std::size_t count = std::min<std::uint64_t>(in_.size() - in_at_, body_left_);
  in_at_ += count;
  body_left_ -= count;
  if (body_left_ > 0) return false;
  reading_ = next_reading();
  return true;
}

/// What follows a request whose body is read: another, or nothing if its client has said so. Asked of last_request_, since the
/// request's own slot may be answered, written and gone by now.
HttpConnection::Reading HttpConnection::next_reading() {
  request_began_ = {};
  return last_request_ ? Reading::nothing : Reading::head;
}

/// By a key; where there are none, by what tells that no page of another site has sent it.
std::optional<Answer> HttpConnection::why_unauthorized(const http::RequestHead& head) const {
  if (shared_.key_digests.empty()) {
    const char* why = why_foreign(head, context_.config.api.insecure ? HostNames::any : HostNames::local);
    return why ? std::optional(http_error(403, why)) : std::nullopt;
  }
  if (head.count("authorization") == 1 && is_known_key(*head.find("authorization"), shared_.key_digests)) return std::nullopt;
  return http_error(401, "a key is needed: Authorization: Bearer KEY");
}

/// The calls that have no body.
void HttpConnection::call(SlotId slot, Call call, std::string_view encoded_user) {
  switch (call) {
    case Call::exists:
    case Call::disconnect: {
      const UserKey user = user_of_path(encoded_user, context_.config);
      if (user.error) {
        answer(slot, error_answer(errc::invalid_argument, user.error));
      } else if (call == Call::exists) {
        user_exists(shared_from_this(), slot, user.key);
      } else {
        disconnect_user(shared_from_this(), slot, user.key);
      }
      break;
    }
    case Call::instance: answer(slot, instance_info(context_)); break;
    case Call::healthz: answer(slot, healthz()); break;
    case Call::readyz: answer(slot, readyz(context_)); break;
    case Call::metrics: answer(slot, metrics(context_)); break;
    case Call::publish:
    case Call::bulk:
    case Call::not_allowed:
    case Call::not_found: break;  // dealt with by their heads
  }
}

void HttpConnection::begin_publish(SlotId slot, std::string_view encoded_user, const http::RequestHead& head) {
  UserKey user = user_of_path(encoded_user, context_.config);
  if (user.error) {
    answer_without_body(slot, head, error_answer(errc::invalid_argument, user.error));
    return;
  }
  if (head.content_length > context_.config.limits.message_bytes) {
    refuse(slot, error_answer(errc::too_large, "the payload is larger than limits.message_bytes"));
    return;
  }
  const std::string_view type = head.find("content-type").value_or("");
  body_is_text_ =
      !http::equal_without_case(type.substr(0, std::min(type.find(';'), type.find(' '))), "application/octet-stream");
  body_user_key_ = std::move(user.key);
  body_slot_ = slot;
  body_left_ = head.content_length;
  body_.clear();
  reading_ = Reading::body;
  continue_if_expected(slot, head);
}

/// RFC 9110 section 10.1.1: a client that waits before it sends the body is told to go on.
void HttpConnection::continue_if_expected(SlotId slot, const http::RequestHead& head) {
  const bool waits = head.has_token("expect", "100-continue") && in_.size() == in_at_;
  if (waits && !head.http_1_0 && slots_.size() == 1) write(slot, "HTTP/1.1 100 Continue\r\n\r\n");
}

bool HttpConnection::process_body() {
  const std::string_view bytes = std::string_view(in_).substr(in_at_, body_left_);
  in_at_ += bytes.size();
  body_left_ -= bytes.size();
  body_.append(bytes);
  if (body_left_ > 0) return false;
  reading_ = next_reading();
  publish_message(shared_from_this(), body_slot_, body_user_key_, body_, body_is_text_);
  return true;
}

void HttpConnection::begin_bulk(SlotId slot, const http::RequestHead& head) {
  body_slot_ = slot;
  body_left_ = head.content_length;
  bulk_is_chunked_ = !head.http_1_0;
  reading_ = Reading::bulk;
  continue_if_expected(slot, head);
}

/// With the first byte of the body: if none comes, the answer is another.
void HttpConnection::open_bulk() {
  bulk_ = std::make_shared<Bulk>(shared_from_this(), body_slot_, bulk_is_chunked_);
  std::string text = "HTTP/1.1 200 OK\r\nContent-Type: ";
  text.append(kNdjson).append(bulk_is_chunked_ ? "\r\nTransfer-Encoding: chunked" : "");
  if (!slots_[body_slot_ - first_slot_].framing.keep_alive) text.append("\r\nConnection: close");
  write(body_slot_, text.append("\r\n\r\n"));
}

bool HttpConnection::process_bulk() {
  const std::string_view bytes = std::string_view(in_).substr(in_at_, std::min<std::uint64_t>(body_left_, kReadBytes));
  if (bytes.empty() && body_left_ > 0) return false;
  if (!bulk_) open_bulk();
  in_at_ += bytes.size();
  body_left_ -= bytes.size();
  bulk_->take(bytes);
  if (body_left_ > 0) return true;
  reading_ = next_reading();
  std::exchange(bulk_, nullptr)->end();
  return true;
}

HttpConnection::SlotId HttpConnection::new_slot(Framing framing) {
  slots_.push_back({{}, framing, false});
  return first_slot_ + slots_.size() - 1;
}

void HttpConnection::answer(SlotId slot, const Answer& answer) {
  if (slot < first_slot_) return;  // closed meanwhile
  Slot& entry = slots_[slot - first_slot_];
  const std::size_t before = entry.out.size();
  append_answer(entry.out, answer, entry.framing);
  waiting_bytes_ += entry.out.size() - before;
  entry.finished = true;
  schedule_flush();
}

void HttpConnection::write(SlotId slot, std::string_view bytes) {
  if (slot < first_slot_) return;
  slots_[slot - first_slot_].out.append(bytes);
  waiting_bytes_ += bytes.size();
  schedule_flush();
}

void HttpConnection::finish(SlotId slot) {
  if (slot < first_slot_) return;
  slots_[slot - first_slot_].finished = true;
  schedule_flush();
}

void HttpConnection::refuse(SlotId slot, const Answer& refusal) {
  slots_[slot - first_slot_].framing.keep_alive = false;
  reading_ = Reading::nothing;
  answer(slot, refusal);
}

/// After the handlers that are ready now: the answers of one batch go out in one write.
void HttpConnection::schedule_flush() {
  if (std::exchange(flush_scheduled_, true)) return;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->flush_scheduled_ = false;
    self->flush();
  });
}

void HttpConnection::flush() {
  if (writing_ || lingering_) return;
  bool last = false;
  while (!slots_.empty() && !last) {
    Slot& slot = slots_.front();
    out_.append(slot.out);
    waiting_bytes_ -= slot.out.size();
    slot.out.clear();
    if (!slot.finished) break;
    last = !slot.framing.keep_alive;
    slots_.pop_front();
    ++first_slot_;
  }
  if (out_.empty()) {
    if (last) linger();
    if (input_ended_ && slots_.empty()) close();
    return;
  }
  writing_ = true;
  update_deadline();
  boost::asio::async_write(socket_, boost::asio::buffer(out_),
                           [self = shared_from_this(), last](const error_code& ec, std::size_t) {
                             self->writing_ = false;
                             self->out_.clear();
                             if (ec || (self->input_ended_ && self->slots_.empty())) {
                               self->close();
                             } else if (last) {
                               self->linger();
                             } else {
                               self->flush();
                               self->process();
                             }
                           });
}

void HttpConnection::resume() { process(); }

void HttpConnection::drain() {
  if (reading_ == Reading::head) reading_ = Reading::nothing;
  last_request_ = true;
  input_ended_ = true;  // the last answer written, the connection ends
  if (slots_.empty() && !writing_ && !lingering_) close();
}

void HttpConnection::close() {
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  reading_ = Reading::nothing;
  if (const std::shared_ptr<Bulk> bulk = std::exchange(bulk_, nullptr)) bulk->abandon();
  first_slot_ += slots_.size();
  slots_.clear();
  waiting_bytes_ = 0;
}

}  // namespace signalbox::api
