// One connection to a server, by nats.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/nats/errors.hpp"
#include "brokers/nats/options.hpp"
#include "brokers/nats/side.hpp"

namespace boost::asio {
class io_context;
}

namespace signalbox::nats {

class Attempts;

struct LinkOptions {
  std::vector<Server> servers;  ///< tried in this order
  Credentials credentials;
  brokers::TlsOptions tls;
  std::string subject_prefix;
  std::string name;        ///< for the server's list of connections
  std::string inbox_stem;  ///< what inboxes of the group begin with
  std::string inbox;       ///< subject of our own, unique to this connection, without a dot at its end
};

/// What the server that answered has told of itself.
struct ServerInfo {
  std::size_t max_payload = 0;
  bool headers = false;
  std::vector<Server> cluster;  ///< itself and those that it tells of; empty: it is alone
};

class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void on_link_up(const ServerInfo& server) = 0;
  virtual void on_link_fence() = 0;
  virtual void on_link_answer(std::string_view reply, Answer answer) = 0;
  virtual void on_link_violation(const Violation& violation, std::string_view channel) = 0;
  /// In the order of the wire, also for channels that are not subscribed any more; the views live for the call.
  virtual void on_link_messages(std::span<const Message> messages) = 0;
  /// Messages of this channel, or if it is empty of any, were dropped, as they came faster than they could be handed over.
  virtual void on_link_dropped(std::string_view channel) = 0;
  /// The last event.
  virtual void on_link_down(Fault fault) = 0;
};

/// Lives for one connection: made connecting, ends with on_link_down() or with its destruction.
///
/// nats.c connects on a thread that it is given, since that blocks; from then on its sockets are read and written here
/// (natsOptions_SetEventLoop), so that nothing ever blocks: over TLS, nothing for longer than the Watchdog allows. Its own
/// threads bring messages and errors, which wait in a bounded mailbox. It never reconnects by itself: what it would do again
/// under its own locks, it would do out of sight.
///
/// Threading: the thread of the io_context. Events never come inside a call, except on_link_down() inside flush().
class Link final : public Wire {
 public:
  static constexpr Duration kConnectTimeout{2000};
  /// Messages that may wait between nats.c's thread and ours.
  static constexpr std::size_t kMailboxBytes = std::size_t{64} << 20;

  /// attempts: outlives it.
  Link(boost::asio::io_context& context, LinkOptions options, Attempts& attempts, LinkEvents& events);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() override;

  void fence() override;
  void subscribe(std::string_view channel) override;
  void unsubscribe(std::string_view channel) override;
  void publish(std::string_view channel, std::string_view payload, std::string_view reply) override;
  void probe(std::string_view channel, std::string_view reply) override;
  [[nodiscard]] bool is_secure() const noexcept override;

  /// What the server has told by now, or had at the end; as ServerInfo has it.
  [[nodiscard]] std::vector<Server> cluster() const;

  /// Writes what has been said, as far as the socket takes it; the rest follows by itself.
  void flush();

 private:
  class Connection;

  std::shared_ptr<Connection> connection_;
};

}  // namespace signalbox::nats
