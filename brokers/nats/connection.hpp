// Keeps one side connected for ever.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/common/backoff.hpp"
#include "brokers/nats/attempts.hpp"
#include "brokers/nats/link.hpp"
#include "brokers/nats/side.hpp"

namespace signalbox::nats {

class ConnectionEvents {
 public:
  virtual ~ConnectionEvents() = default;
  /// A server we can work with or not, as the fault says; nothing: we can.
  [[nodiscard]] virtual std::optional<Fault> on_server(const ServerInfo& server) = 0;
  virtual void on_messages(std::span<const Message> messages) = 0;
  virtual void on_dropped(std::string_view channel) = 0;
};

/// What connections have in common. Outlives them.
struct ConnectionContext {
  boost::asio::io_context& io;
  const Options& options;
  std::string client_name;
  std::string inbox;                   ///< subject under which each connection makes its own
  std::vector<Server> told;            ///< the cluster, as its servers have told it last
  std::function<void()> request_turn;  ///< something has happened that turn() should see to
  std::mt19937_64 random;
  Attempts attempts = {};
};

/// Threading: the broker's I/O thread.
class Connection final : private LinkEvents {
 public:
  Connection(ConnectionContext& context, std::string role, Side& side, ConnectionEvents& events);
  ~Connection() override { close(); }

  /// Once each loop turn: connects when it is time to, writes, gives up what is late.
  void turn(Time now);
  /// A server has been seen alive: no need to wait longer, unless it is what it answers that is wrong.
  void hurry() noexcept {
    if (!fault_ || fault_->kind == FaultKind::lost) retry_at_ = Time();
  }
  void close();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// A link stands.
  [[nodiscard]] bool up() const noexcept { return up_; }
  /// What went wrong last; nothing once the link has proved itself, and before the first attempt has failed.
  [[nodiscard]] const std::optional<Fault>& fault() const noexcept { return fault_; }
  [[nodiscard]] unsigned times_proven() const noexcept { return times_proven_; }

 private:
  void on_link_up(const ServerInfo& server) override;
  void on_link_fence() override;
  void on_link_answer(std::string_view reply, Answer answer) override;
  void on_link_violation(const Violation& violation, std::string_view channel) override;
  void on_link_messages(std::span<const Message> messages) override;
  void on_link_dropped(std::string_view channel) override { events_.on_dropped(channel); }
  void on_link_down(Fault fault) override { drop(std::move(fault), Clock::now()); }

  void open();
  void drop(Fault fault, Time now);

  ConnectionContext& context_;
  std::string name_;
  Side& side_;
  ConnectionEvents& events_;

  std::unique_ptr<Link> link_;
  bool up_ = false;
  bool counted_ = false;
  Time retry_at_;  // in the past: at once
  brokers::Backoff backoff_;
  std::optional<Fault> fault_;
  unsigned times_proven_ = 0;
};

}  // namespace signalbox::nats
