#include "brokers/nats/engine.hpp"

#include <utility>

#include "brokers/nats/subject.hpp"

namespace signalbox::nats {
namespace {

const Status kLate{errc::unavailable, "not sent in time"};

/// In the part of the name space that the contract leaves to the broker: a user's subject ends where this has a dot.
std::string inbox_of(const Options& options, const HostInfo& info) {
  std::string inbox = options.subject_prefix;
  append_token(inbox, std::string(info.channel_prefix) + '\x02' + "inbox");
  return inbox + ".";
}

/// It stands in a line of JSON that nats.c does not escape.
std::string client_name(std::string_view instance) {
  std::string name = "signalbox:";
  append_token(name, instance);
  return name;
}

brokers::TroubleKind trouble_kind(FaultKind kind) noexcept {
  if (kind == FaultKind::auth) return brokers::TroubleKind::auth;
  if (kind == FaultKind::config) return brokers::TroubleKind::config;
  return brokers::TroubleKind::lost;
}

}  // namespace

Engine::Engine(const Options& options, Host& host, brokers::Intake& intake, brokers::Budget& budget,
               std::atomic<std::size_t>& max_payload, std::atomic<bool>& clustered)
    : host_(host),
      max_payload_(max_payload),
      clustered_(clustered),
      context_{loop_.io(),
               options,
               client_name(host.info().instance_id),
               inbox_of(options, host.info()),
               {},
               [this] { loop_.request_turn(); },
               std::mt19937_64(std::random_device{}())},
      subscriber_(
          kResubscribeRate, kNamedBytes - options.subject_prefix.size(),
          [this](std::string_view channel, std::string_view detail) { host_.refused(channel, {errc::rejected, detail}); }),
      publisher_(budget),
      subscriber_connection_(context_, "subscriber", subscriber_, *this),
      publisher_connection_(context_, "publisher", publisher_, *this),
      queue_(intake, budget, host) {}

Engine::~Engine() { stop(std::chrono::milliseconds(0)); }

void Engine::start() { loop_.start(); }

void Engine::stop(std::chrono::milliseconds deadline) {
  if (!loop_.running()) return;
  const Time stop_at = Clock::now() + deadline;
  loop_.post([this, stop_at] {
    stopping_ = true;
    stop_at_ = stop_at;
    queue_.refuse_all();
    publisher_connection_.close();
    publisher_.close_calls();
    subscriber_.drain();
    loop_.request_turn();
  });
  loop_.join();
  context_.attempts.await(stop_at);
}

bool Engine::at_rest() const noexcept {
  return report_.state() == State::ready && !stopping_ && queue_.empty() && subscriber_.at_rest() && publisher_.at_rest();
}

void Engine::on_turn(Time now) {
  take_calls(now);
  if (stopping_) return drain(now);
  subscriber_connection_.turn(now);
  publisher_connection_.turn(now);
  hurry();
  update_state(now);
}

void Engine::take_calls(Time now) {
  const auto take = [&](brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline) {
    dispatch(call, channel, payload, deadline, now);
  };
  if (queue_.take_slice(take)) loop_.request_turn();
}

void Engine::dispatch(brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline, Time now) {
  if (call.kind == brokers::Call::Kind::subscribe) {
    channel_ = channel;
    subscriber_.subscribe(channel_, std::move(std::get<Done>(call.done)), deadline);
  } else if (call.kind == brokers::Call::Kind::unsubscribe) {
    channel_ = channel;
    subscriber_.unsubscribe(channel_, std::move(std::get<Done>(call.done)), deadline);
  } else if (report_.state() != State::ready || !publisher_connection_.up()) {
    const bool has_reason = !report_.reasons().empty();
    queue_.refuse(call, {errc::unavailable, has_reason ? std::string_view(report_.reasons().front()) : "not ready"});
  } else if (now >= deadline) {
    queue_.refuse(call, kLate);
  } else if (call.kind == brokers::Call::Kind::publish) {
    publisher_.publish(channel, payload, call.cost, std::move(std::get<PublishDone>(call.done)), deadline);
  } else {
    publisher_.exists(channel, call.cost, std::move(std::get<ExistsDone>(call.done)), deadline, now);
  }
}

std::optional<Fault> Engine::on_server(const ServerInfo& server) {
  if (!server.headers) {
    return Fault{FaultKind::config, "the server has headers switched off (no_header_support), by which exists is asked"};
  }
  const std::size_t needed = was_ready_ ? max_payload_.load() : host_.info().payload_bytes;
  if (server.max_payload < needed) {
    return Fault{FaultKind::config, "the server's max_payload is " + std::to_string(server.max_payload) + ", and " +
                                        std::to_string(needed) + " is needed"};
  }
  if (!was_ready_) {
    max_payload_ = server.max_payload;
    clustered_ = clustered_ || !server.cluster.empty();
  }
  return std::nullopt;
}

void Engine::on_messages(std::span<const Message> messages) {
  for (const Message& message : messages) {
    channel_ = message.channel;
    if (subscriber_.delivers(channel_)) wanted_.push_back(message);
  }
  if (!wanted_.empty()) host_.deliver(wanted_);
  wanted_.clear();
}

void Engine::on_dropped(std::string_view channel) {
  const std::string_view channels[] = {channel};
  host_.gap(channel.empty() ? std::span<const std::string_view>() : channels,
            "messages came faster than they could be handed over");
}

/// Where one connection has come up, the other need not wait any longer.
void Engine::hurry() {
  const unsigned times = subscriber_connection_.times_proven() + publisher_connection_.times_proven();
  if (std::exchange(times_proven_, times) == times) return;
  subscriber_connection_.hurry();
  publisher_connection_.hurry();
}

bool Engine::connected() const noexcept {
  return subscriber_connection_.up() && subscriber_.settled() && publisher_connection_.up() && publisher_.proven();
}

/// Messages may have been lost: ready begins with a gap.
bool Engine::has_gap() const noexcept {
  return was_ready_ || subscriber_connection_.times_proven() > 1 || publisher_connection_.times_proven() > 1 ||
         subscriber_.lost_channels();
}

/// The gap says that all is well from here on: in a cluster not before every server knows of our channels.
bool Engine::settled(Time now) {
  if (!connected()) {
    connected_since_.reset();
    return false;
  }
  if (!connected_since_) connected_since_ = now;
  return report_.state() == State::ready || !clustered_ || !has_gap() || now - *connected_since_ >= kPropagation;
}

void Engine::append_reason(brokers::Trouble& trouble, const Connection& connection, const Side& side) const {
  const auto& fault = connection.fault();
  const auto kind = fault ? trouble_kind(fault->kind) : brokers::TroubleKind::lost;
  const std::string name = connection.name() + " connection";
  if (!connection.up() || kind != brokers::TroubleKind::lost) {
    trouble.add(kind, name, fault ? fault->text : "connecting");
  } else if (!side.proven()) {
    trouble.add(kind, name, "the loopback probe has not answered yet");
  } else if (&side == &subscriber_ && subscriber_.recovering() != 0) {
    trouble.add(kind, name, "channels are not confirmed yet");
  }
}

void Engine::update_state(Time now) {
  if (settled(now)) return enter_ready();
  brokers::Trouble trouble;
  append_reason(trouble, subscriber_connection_, subscriber_);
  append_reason(trouble, publisher_connection_, publisher_);
  if (trouble.reasons.empty()) {
    trouble.add(trouble.kind, "subscriber connection", "the servers of the cluster tell each other of the channels");
  }
  if (report_.state() == State::ready) outage_ = trouble.reasons.front();
  report_.tell(trouble.state(was_ready_), std::move(trouble.reasons));
}

void Engine::enter_ready() {
  if (report_.state() == State::ready) return;
  if (has_gap()) host_.gap({}, outage_.empty() ? "a connection was lost" : outage_);
  was_ready_ = true;
  outage_.clear();
  report_.tell(State::ready);
}

void Engine::drain(Time now) {
  if (subscriber_connection_.up()) subscriber_connection_.turn(now);
  if (subscriber_.drained() || now >= stop_at_) finish();
}

void Engine::finish() {
  subscriber_connection_.close();
  publisher_connection_.close();
  queue_.close();
  report_.tell(State::closed);
  loop_.end();
}

}  // namespace signalbox::nats
