// All connections to one server.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/common/budget.hpp"
#include "brokers/redis/command_protocol.hpp"
#include "brokers/redis/connection.hpp"
#include "brokers/redis/resolver.hpp"
#include "brokers/redis/subscriber_protocol.hpp"

namespace signalbox::redis {

struct NodeOptions {
  Login login;
  std::string instance_id;
  std::string channel_prefix;
  Duration call_timeout;
  std::size_t subscriber_connections;
  std::size_t resubscribe_rate;  ///< channels a second, of all connections together
};

/// One connection for commands and some for subscriptions, which the channels share by hash. Subscriptions have their
/// own because Redis closes a subscriber that is slow, and stalls while it frees one: 76 ms for 100,000 channels.
///
/// Threading: the broker's I/O thread.
class Node {
 public:
  Node(ConnectionContext& context, const Endpoint& endpoint, const NodeOptions& options, brokers::Budget& budget,
       SubscriberEvents& events);

  [[nodiscard]] CommandProtocol& command() noexcept { return command_; }
  [[nodiscard]] bool command_established() const noexcept { return command_connection_.established(); }
  /// The one of the connections that `channel` belongs to, now and always.
  [[nodiscard]] SubscriberProtocol& subscriber(std::string_view channel) noexcept;

  void turn(Time now);
  /// Every connection established, every probe answered, everything confirmed.
  [[nodiscard]] bool settled() const noexcept;
  /// No call is open, so that no deadline but those of our own pings and probes has to be kept.
  [[nodiscard]] bool at_rest() const noexcept;
  /// A connection that had proved itself was lost, or one on which a channel had been confirmed.
  [[nodiscard]] bool lost_a_link() const noexcept;

  /// Why it is not settled. kind: the gravest, a fault that only an operator can correct before a lost link.
  struct Trouble {
    FaultKind kind = FaultKind::lost;
    std::vector<std::string> reasons;
  };
  void append_trouble(Trouble& trouble) const;

  /// Closes the command connection, completes all calls with `closed`, and begins to unsubscribe.
  void drain();
  /// In place of turn() from then on. True: all is unsubscribed, or no link is left to do it on.
  [[nodiscard]] bool drain_turn(Time now);
  void close();

 private:
  struct Subscriber {
    Subscriber(ConnectionContext& context, const Endpoint& endpoint, Resolver& resolver, const NodeOptions& options,
               std::size_t number, SubscriberEvents& events);

    std::string name;
    SubscriberProtocol protocol;
    Connection connection;
  };

  void probe(Time now);
  void send_probe(Subscriber& subscriber, Time now);
  void leave_wrong_server(Time now);
  void hurry();

  Resolver resolver_;
  CommandProtocol command_;
  Connection command_connection_;
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  bool left_server_ = false;
  unsigned times_proven_ = 0;  // of all connections together
};

}  // namespace signalbox::redis
