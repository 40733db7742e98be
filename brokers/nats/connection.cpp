#include "brokers/nats/connection.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::nats {

Connection::Connection(ConnectionContext& context, std::string role, Side& side, ConnectionEvents& events)
    : context_(context), name_(std::move(role)), side_(side), events_(events) {}

void Connection::open() {
  LinkOptions options{context_.options.servers,
                      context_.options.credentials,
                      context_.options.tls,
                      context_.options.subject_prefix,
                      context_.client_name + ":" + name_,
                      context_.inbox,
                      context_.inbox};
  options.inbox += std::to_string(context_.random());  // so that nothing of an earlier link is taken for this one's
  append_missing(options.servers, context_.told);
  std::shuffle(options.servers.begin(), options.servers.end(), context_.random);
  LinkEvents& events = *this;
  link_ = std::make_unique<Link>(context_.io, std::move(options), context_.attempts, events);
}

void Connection::turn(Time now) {
  if (!link_ && now >= retry_at_) open();
  if (std::optional<Fault> fault = side_.turn(now)) return drop(std::move(*fault), now);
  if (side_.unfinished()) context_.request_turn();
  if (link_) link_->flush();
  if (up_ && side_.proven() && !std::exchange(counted_, true)) {
    ++times_proven_;
    backoff_.proved(now);
    fault_.reset();
  }
}

void Connection::drop(Fault fault, Time now) {
  close();
  retry_at_ = now + (fault.kind == FaultKind::lost ? backoff_.next(context_.random, now) : backoff_.slow(context_.random, now));
  fault_ = std::move(fault);
  context_.request_turn();
}

void Connection::close() {
  const std::unique_ptr<Link> ended = std::move(link_);
  counted_ = false;
  if (!std::exchange(up_, false)) return;
  // A link of months outlives the servers that it was told of as it began.
  if (std::vector<Server> cluster = ended->cluster(); !cluster.empty()) context_.told = std::move(cluster);
  side_.on_down();
}

void Connection::on_link_up(const ServerInfo& server) {
  const Time now = Clock::now();
  if (std::optional<Fault> fault = events_.on_server(server)) return drop(std::move(*fault), now);
  if (!server.cluster.empty()) context_.told = server.cluster;  // the last of a cluster tells of nobody, not of itself either
  up_ = true;
  side_.on_up(*link_, now);
  context_.request_turn();
}

void Connection::on_link_fence() {
  side_.on_fence(Clock::now());
  context_.request_turn();
}

void Connection::on_link_answer(std::string_view reply, Answer answer) {
  side_.on_answer(reply, answer);
  context_.request_turn();
}

void Connection::on_link_violation(const Violation& violation, std::string_view channel) {
  side_.on_violation(violation, channel);
  context_.request_turn();
}

void Connection::on_link_messages(std::span<const Message> messages) { events_.on_messages(messages); }

}  // namespace signalbox::nats
