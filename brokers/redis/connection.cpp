#include "brokers/redis/connection.hpp"

#include <utility>

namespace signalbox::redis {

Connection::Connection(ConnectionContext& context, Server* server, Protocol& protocol)
    : context_(context), server_(server), protocol_(protocol) {}

void Connection::turn(Time now) {
  if (!link_ && server_ && now >= retry_at_) {
    link_ = Link::open(context_.io, server_->endpoint, server_->resolver, preference_, context_.tls, *this);
  }
  if (std::optional<Fault> fault = protocol_.turn(now, out_)) return drop(std::move(*fault), now);
  if (protocol_.unfinished()) context_.request_turn();
  if (!out_.empty()) link_->send(out_);
  if (link_ && protocol_.proven() && !std::exchange(counted_, true)) {
    ++times_proven_;
    preference_.next = false;
    backoff_.proved(now);
    fault_.reset();
  }
}

void Connection::drop(Fault fault, Time now) {
  was_established_ = established();
  const std::uint64_t sent = link_ ? link_->sent() : 0;
  close();
  out_.clear();
  protocol_.lost(sent);
  retry_at_ = now + (fault.kind == FaultKind::lost ? backoff_.next(context_.random, now) : backoff_.slow(context_.random, now));
  fault_ = std::move(fault);
  context_.request_turn();
}

void Connection::move(Server* server, Time now) {
  drop({FaultKind::lost, "the server has changed"}, now);
  if (!server_) fault_.reset();  // nothing has been tried yet
  server_ = server;
  preference_ = {};
  backoff_ = {};
  retry_at_ = Time();
}

void Connection::close() {
  if (link_) link_->close();
  link_.reset();
  counted_ = false;
}

std::string Connection::trouble() const {
  if (!protocol_.obstacle().empty()) return protocol_.obstacle();
  return fault_ ? fault_->text : "connecting";
}

FaultKind Connection::trouble_kind() const { return fault_ && protocol_.obstacle().empty() ? fault_->kind : FaultKind::lost; }

void Connection::on_link_up(const std::string& address) {
  preference_ = {address, true};  // the next one, unless this proves itself
  protocol_.connected(Clock::now(), out_);
  context_.request_turn();
}

void Connection::on_link_bytes(std::string_view bytes) {
  const Time now = Clock::now();
  if (std::optional<Fault> fault = protocol_.feed(bytes, now)) drop(std::move(*fault), now);
  context_.request_turn();
}

void Connection::on_link_down(Fault fault) {
  const Time now = Clock::now();
  fault.text.append(protocol_.hint(now));
  drop(std::move(fault), now);
}

}  // namespace signalbox::redis
