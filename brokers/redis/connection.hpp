// Keeps one protocol connected for ever.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "brokers/common/backoff.hpp"
#include "brokers/redis/link.hpp"
#include "brokers/redis/protocol.hpp"
#include "brokers/redis/time.hpp"

namespace signalbox::redis {

/// What connections have in common. Outlives them.
struct ConnectionContext {
  boost::asio::io_context& io;
  TlsContext* tls = nullptr;
  std::function<void()> request_turn;  ///< something has happened that turn() should see to
  std::mt19937 random;
};

/// Where connections lead to, and the addresses of its host.
struct Server {
  Server(boost::asio::io_context& io, Endpoint at) : endpoint(std::move(at)), resolver(io, endpoint) {}

  Endpoint endpoint;
  Resolver resolver;
};

/// Threading: the broker's I/O thread.
class Connection final : private LinkEvents {
 public:
  /// server: outlives it, or its move() to another. nullptr: none is known yet.
  Connection(ConnectionContext& context, Server* server, Protocol& protocol);
  ~Connection() override { close(); }

  /// Once each loop turn: connects when it is time to, writes, gives up what is late.
  void turn(Time now);
  /// Gives the link up and tries anew after a pause, beginning with the address that has worked or else with another.
  void drop(Fault fault, Time now);
  /// Gives the link up and connects to another server, at once.
  void move(Server* server, Time now);
  /// The server has been seen alive: no need to wait longer, unless it is what it answers that is wrong.
  void hurry() noexcept {
    if (!fault_ || fault_->kind == FaultKind::lost) retry_at_ = Time();
  }
  void close();

  /// On the way or there.
  [[nodiscard]] bool linked() const noexcept { return link_ != nullptr; }
  [[nodiscard]] bool established() const noexcept { return link_ && protocol_.established(); }
  /// What went wrong last; nothing once the link has proved itself, and before the first attempt has failed.
  [[nodiscard]] const std::optional<Fault>& fault() const noexcept { return fault_; }
  /// Why it is not established, in one line. An obstacle that the server names now goes before an older fault.
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] FaultKind trouble_kind() const;
  /// The one that it leads to, or led to last.
  [[nodiscard]] const std::string& address() const noexcept { return preference_.address; }
  /// Whether the link that was lost last had been established.
  [[nodiscard]] bool was_established() const noexcept { return was_established_; }
  /// How many of its links have proved themselves.
  [[nodiscard]] unsigned times_proven() const noexcept { return times_proven_; }

 private:
  void on_link_up(const std::string& address) override;
  void on_link_bytes(std::string_view bytes) override;
  void on_link_down(Fault fault) override;

  ConnectionContext& context_;
  Server* server_;
  Protocol& protocol_;

  std::shared_ptr<Link> link_;
  Preference preference_;
  bool counted_ = false;
  bool was_established_ = false;
  Time retry_at_;  // in the past: at once
  brokers::Backoff backoff_;
  std::optional<Fault> fault_;
  unsigned times_proven_ = 0;
  std::string out_;
};

}  // namespace signalbox::redis
