// All connections to one server.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "brokers/common/budget.hpp"
#include "brokers/redis/command_protocol.hpp"
#include "brokers/redis/connection.hpp"
#include "brokers/redis/subscriber_protocol.hpp"

namespace signalbox::redis {

struct NodeOptions {
  Login login;
  std::string instance_id;
  std::string channel_prefix;
  Duration call_timeout;
  std::size_t subscriber_connections;
  std::size_t resubscribe_rate;  ///< channels a second, of all connections together
  Wanted wanted = Wanted::master;
  bool one_of_several = false;     ///< so that reasons must say which
  const HashTags* tags = nullptr;  ///< as Topology::tags()
};

/// One connection for commands and some for subscriptions, which the channels share by hash. Subscriptions have their
/// own because Redis closes a subscriber that is slow, and stalls while it frees one: 76 ms for 100,000 channels.
///
/// Threading: the broker's I/O thread.
class Node {
 public:
  /// No server is known yet.
  Node(ConnectionContext& context, const NodeOptions& options, brokers::Budget& budget, SubscriberEvents& events);

  /// Leaves the present server, if any; the wanted channels go along.
  void move(const Endpoint& endpoint, Time now);
  /// There is no server any more. What is open is completed in the turns that follow, until at_rest().
  void leave(Time now);
  /// In a cluster: a group whose slot the server has, for the probes to be in.
  void set_home(std::size_t group);
  /// nullptr: none is known.
  [[nodiscard]] const Endpoint* endpoint() const noexcept { return server_ ? &server_->endpoint : nullptr; }

  [[nodiscard]] CommandProtocol& command() noexcept { return command_; }
  [[nodiscard]] bool command_established() const noexcept { return command_connection_.established(); }
  /// The one of the connections that `channel` belongs to, now and always.
  [[nodiscard]] SubscriberProtocol& subscriber(std::string_view channel) noexcept;

  using Handed = SubscriberProtocol::Handed;
  /// As SubscriberProtocol's, of all connections.
  [[nodiscard]] std::vector<Handed> give_up(const std::function<bool(std::string_view name)>& leaves);
  void take_in(Handed handed) { subscriber(handed.name).take_in(std::move(handed)); }
  /// Whether the server has sent us elsewhere since this was last asked.
  [[nodiscard]] bool take_redirected() noexcept;

  void turn(Time now);
  /// Every connection established, every probe answered.
  [[nodiscard]] bool connected() const noexcept;
  /// That, everything confirmed, and in a cluster within reach of the others.
  [[nodiscard]] bool settled() const noexcept;
  /// No call is open, so that no deadline but those of our own pings and probes has to be kept.
  [[nodiscard]] bool at_rest() const noexcept;
  /// A connection that had proved itself was lost, or one on which a channel had been confirmed.
  [[nodiscard]] bool lost_a_link() const noexcept;

  /// Why it is not settled.
  void append_trouble(Trouble& trouble) const;

  /// Closes the command connection, completes all calls with `closed`, and begins to unsubscribe.
  void drain();
  /// In place of turn() from then on. True: all is unsubscribed, or no link is left to do it on.
  [[nodiscard]] bool drain_turn(Time now);
  void close();

 private:
  struct Subscriber {
    Subscriber(ConnectionContext& context, const NodeOptions& options, std::size_t number, SubscriberEvents& events);

    std::string name;
    SubscriberProtocol protocol;
    Connection connection;
  };

  void probe(Time now);
  void send_probe(Subscriber& subscriber, Time now);
  void leave_wrong_server(Time now);
  void hurry();
  void append_reason(Trouble& trouble, const std::string& name, const Connection& connection) const;
  [[nodiscard]] std::string named(const std::string& name) const;

  void move_all(Server* server, Time now);

  ConnectionContext& context_;
  bool one_of_several_;
  const HashTags* tags_;
  std::string instance_id_;
  std::unique_ptr<Server> server_;
  CommandProtocol command_;
  Connection command_connection_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  bool left_server_ = false;
  unsigned times_proven_ = 0;  // of all connections together
};

}  // namespace signalbox::redis
