#include "brokers/redis/node.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

namespace signalbox::redis {
namespace {

const std::string kCommandName = "command connection";

Handshake handshake_for(const NodeOptions& options, const std::string& role, std::vector<Handshake::Need> needs) {
  return {options.login, "signalbox:" + options.instance_id + ":" + role, std::move(needs), options.wanted};
}

std::string probe_name(const std::string& instance_id, std::size_t number) {
  return "i:" + instance_id + ":" + std::to_string(number);
}

/// In the part of the name space that the contract leaves to the broker. In a cluster until Node::set_home().
std::string probe_channel(const NodeOptions& options, std::size_t number) {
  const std::string name = probe_name(options.instance_id, number);
  return options.tags ? options.tags->reserved(0, name) : options.channel_prefix + '\x02' + name;
}

Handshake::Need use_of_unsubscribe(const NodeOptions& options, std::size_t number) {
  if (options.tags) return {"SUNSUBSCRIBE"};
  return {"UNSUBSCRIBE", probe_channel(options, number)};
}

Handshake::Need use_of_counts(const NodeOptions& options) {
  if (options.tags) return {"PUBSUB", "SHARDNUMSUB"};
  return {"PUBSUB", "NUMSUB", probe_channel(options, 0)};
}

/// Not there, or there again but with a refusal that it has not disproved.
bool is_in_trouble(const Connection& connection) {
  return !connection.established() || connection.trouble_kind() != FaultKind::lost;
}

}  // namespace

Node::Subscriber::Subscriber(ConnectionContext& context, const NodeOptions& options, std::size_t number,
                             SubscriberEvents& events)
    : name("subscriber connection " + std::to_string(number)),
      protocol(handshake_for(options, "subscriber-" + std::to_string(number), {{"PING"}, use_of_unsubscribe(options, number)}),
               options.call_timeout, probe_channel(options, number), options.resubscribe_rate / options.subscriber_connections,
               events, options.tags),
      connection(context, nullptr, protocol) {}

Node::Node(ConnectionContext& context, const NodeOptions& options, brokers::Budget& budget, SubscriberEvents& events)
    : context_(context),
      one_of_several_(options.one_of_several),
      tags_(options.tags),
      instance_id_(options.instance_id),
      command_(handshake_for(options, "command", {{"PING"}, use_of_counts(options)}), options.call_timeout, budget,
               options.tags),
      command_connection_(context, nullptr, command_) {
  for (std::size_t number = 0; number < options.subscriber_connections; ++number) {
    subscribers_.push_back(std::make_unique<Subscriber>(context, options, number, events));
  }
}

void Node::move(const Endpoint& endpoint, Time now) {
  auto server = std::make_unique<Server>(context_.io, endpoint);
  move_all(server.get(), now);
  server_ = std::move(server);
}

void Node::leave(Time now) {
  move_all(nullptr, now);
  server_.reset();
}

void Node::move_all(Server* server, Time now) {
  command_connection_.move(server, now);
  for (const auto& subscriber : subscribers_) subscriber->connection.move(server, now);
  left_server_ = false;
}

void Node::set_home(std::size_t group) {
  for (std::size_t number = 0; number < subscribers_.size(); ++number) {
    subscribers_[number]->protocol.set_probe_channel(tags_->reserved(group, probe_name(instance_id_, number)));
  }
}

std::vector<Node::Handed> Node::give_up(const std::function<bool(std::string_view)>& leaves) {
  std::vector<Handed> all;
  for (const auto& subscriber : subscribers_) {
    std::vector<Handed> some = subscriber->protocol.give_up(leaves);
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

bool Node::take_redirected() noexcept {
  bool redirected = command_.take_redirected();
  for (const auto& subscriber : subscribers_) redirected = subscriber->protocol.take_redirected() || redirected;
  return redirected;
}

SubscriberProtocol& Node::subscriber(std::string_view channel) noexcept {
  return subscribers_[std::hash<std::string_view>{}(channel) % subscribers_.size()]->protocol;
}

void Node::turn(Time now) {
  probe(now);
  command_connection_.turn(now);
  leave_wrong_server(now);
  for (const auto& subscriber : subscribers_) subscriber->connection.turn(now);
  hurry();
}

/// A server that became a replica keeps our subscriptions and goes on feeding them, but counts for nobody any more. Of a
/// host's several addresses one that has never been right says nothing of the others.
void Node::leave_wrong_server(Time now) {
  const std::optional<Fault>& fault = command_connection_.fault();
  const bool wrong = !command_connection_.linked() && fault && fault->of_the_server;
  if (std::exchange(left_server_, wrong) || !wrong) return;
  for (const auto& subscriber : subscribers_) {
    Connection& connection = subscriber->connection;
    const bool concerned = command_connection_.was_established() || connection.address() == command_connection_.address();
    if (connection.established() && concerned) connection.drop(*fault, now);
  }
}

void Node::probe(Time now) {
  const bool can_publish = command_connection_.established();
  bool missed = false;
  for (const auto& subscriber : subscribers_) {
    SubscriberProtocol& protocol = subscriber->protocol;
    if (!can_publish) {
      protocol.restart_probe();
    } else if (protocol.probe_due(now)) {
      send_probe(*subscriber, now);
    } else if (protocol.probe_missed(now)) {
      subscriber->connection.drop({FaultKind::lost, "no echo of the loopback probe for 3 s"}, now);
      missed = true;
    }
  }
  // Which of the two sides is deaf can't be told.
  if (missed) command_connection_.drop({FaultKind::lost, "no echo of the loopback probe for 3 s"}, now);
}

/// The echo alone proves little: a replica's subscribers hear what is published at its master, and are not counted there.
void Node::send_probe(Subscriber& subscriber, Time now) {
  const auto counted = [&subscriber, round = subscriber.protocol.probe_round()](std::optional<bool> any) {
    if (round != subscriber.protocol.probe_round()) return;
    subscriber.protocol.probe_answered(Clock::now());
    if (!any) return;
    if (*any) return subscriber.protocol.probe_counted();
    subscriber.connection.drop({FaultKind::lost, "the server that takes our publishes does not count it"}, Clock::now());
  };
  command_.probe(subscriber.protocol.probe_channel(), counted, now);
  subscriber.protocol.probe_sent();
}

/// Where one connection has come up, the others need not wait any longer.
void Node::hurry() {
  unsigned times = command_connection_.times_proven();
  for (const auto& subscriber : subscribers_) times += subscriber->connection.times_proven();
  if (std::exchange(times_proven_, times) == times) return;
  command_connection_.hurry();
  for (const auto& subscriber : subscribers_) subscriber->connection.hurry();
}

bool Node::connected() const noexcept {
  const auto connected = [](const auto& subscriber) {
    return subscriber->connection.established() && subscriber->protocol.probed();
  };
  return command_connection_.established() && std::all_of(subscribers_.begin(), subscribers_.end(), connected);
}

bool Node::settled() const noexcept {
  const auto settled = [](const auto& subscriber) { return subscriber->protocol.settled(); };
  return connected() && !command_.cut_off() && std::all_of(subscribers_.begin(), subscribers_.end(), settled);
}

bool Node::at_rest() const noexcept {
  const auto at_rest = [](const auto& subscriber) { return subscriber->protocol.at_rest(); };
  return command_.at_rest() && std::all_of(subscribers_.begin(), subscribers_.end(), at_rest);
}

bool Node::lost_a_link() const noexcept {
  const auto lost = [](const auto& subscriber) {
    return subscriber->connection.times_proven() > 1 || subscriber->protocol.lost_channels();
  };
  return command_connection_.times_proven() > 1 || std::any_of(subscribers_.begin(), subscribers_.end(), lost);
}

void Node::append_trouble(Trouble& trouble) const {
  if (!server_) return;
  if (is_in_trouble(command_connection_)) {
    append_reason(trouble, kCommandName, command_connection_);
  } else if (command_.cut_off()) {
    trouble.reasons.push_back(named(kCommandName) + ": the server is cut off from most masters of the cluster");
  }
  for (const auto& subscriber : subscribers_) {
    if (is_in_trouble(subscriber->connection)) {
      append_reason(trouble, subscriber->name, subscriber->connection);
    } else if (subscriber->protocol.recovering() != 0) {
      trouble.reasons.push_back(named(subscriber->name) + ": channels are not confirmed yet");
    } else if (!subscriber->protocol.probed()) {
      trouble.reasons.push_back(named(subscriber->name) + ": the loopback probe has not answered yet");
    }
  }
}

void Node::append_reason(Trouble& trouble, const std::string& name, const Connection& connection) const {
  const bool mute =
      one_of_several_ && connection.trouble_kind() != FaultKind::lost;  // names no connection, so it names no server
  trouble.add(connection.trouble_kind(), named(name), (mute ? server_->endpoint.text() + ": " : "") + connection.trouble());
}

std::string Node::named(const std::string& name) const {
  return one_of_several_ ? server_->endpoint.text() + ", " + name : name;
}

void Node::drain() {
  command_connection_.close();
  command_.close_calls();
  for (const auto& subscriber : subscribers_) subscriber->protocol.drain();
}

bool Node::drain_turn(Time now) {
  bool drained = true;
  for (const auto& subscriber : subscribers_) {
    if (!subscriber->connection.established()) continue;
    subscriber->connection.turn(now);
    drained = drained && subscriber->protocol.drained();
  }
  return drained;
}

void Node::close() {
  command_connection_.close();
  for (const auto& subscriber : subscribers_) subscriber->connection.close();
}

}  // namespace signalbox::redis
