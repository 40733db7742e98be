// How long a client of the API may take: to send its request, to read its answer, to ask again.
#include <algorithm>

#include "server/api/http_connection.hpp"

namespace signalbox::api {
namespace {

using boost::system::error_code;

/// How long a refused client may take to read its answer.
constexpr std::chrono::milliseconds kLinger{2000};

}  // namespace

void HttpConnection::linger() {
  lingering_ = true;
  reading_ = Reading::nothing;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  deadline_ = Clock::now() + kLinger;
  await_deadline();
  read();
}

void HttpConnection::update_deadline() {
  if (lingering_) return;
  const Clock::time_point now = Clock::now();
  const bool incomplete = reading_ == Reading::body || reading_ == Reading::discarded ||
                          (reading_ == Reading::bulk && !bulk_) || (reading_ == Reading::head && in_.size() > in_at_);
  const std::chrono::milliseconds timeout = context_.limits.handshake_timeout;
  // Who has not shown a good key takes one of few sockets from those who have.
  const bool stranger = !trusted_ && !shared_.key_digests.empty();
  const std::chrono::milliseconds idle = context_.config.api.idle_timeout;
  Clock::time_point deadline = now + (stranger ? std::min(timeout, idle) : idle);
  if (incomplete && room()) {
    if (request_began_ == Clock::time_point()) request_began_ = now;
    deadline = request_began_ + timeout;
  } else {
    request_began_ = {};
    if (reading_ == Reading::bulk && room()) deadline = now + timeout;
  }
  const bool earlier = deadline < deadline_;
  deadline_ = deadline;
  if (earlier) await_deadline();
}

/// The timer runs to the deadline as it was when it was armed, and then on to the current one: re-arming it for each request
/// would cost more than the request's parsing.
void HttpConnection::await_deadline() {
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (ec) return;
    if (Clock::now() >= self->deadline_) self->on_deadline();
    if (self->socket_.is_open()) self->await_deadline();
  });
}

void HttpConnection::on_deadline() {
  const bool late_request = request_began_ != Clock::time_point() && !writing_ && !lingering_;
  if (!late_request) {
    // Requests that wait for the broker have its deadline, not this one.
    const bool broker_is_asked = !slots_.empty() && !writing_ && !lingering_ && reading_ != Reading::bulk;
    broker_is_asked ? update_deadline() : close();
    return;
  }
  if (reading_ == Reading::discarded) {
    end_after_answers();
    return;
  }
  const SlotId slot = reading_ == Reading::head ? new_slot({false, in_.starts_with("HEAD ")}) : body_slot_;
  refuse(slot, http_error(408, "the request did not arrive within limits.handshake_timeout"));
  update_deadline();
}

/// The newest request has its answer, though its body is still missing: there is nothing more to say on this connection.
void HttpConnection::end_after_answers() {
  reading_ = Reading::nothing;
  if (slots_.empty()) {
    linger();
  } else {
    slots_.back().framing.keep_alive = false;
    update_deadline();
  }
}

}  // namespace signalbox::api
