// Keeps one protocol connected for ever.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

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

/// Threading: the broker's I/O thread.
class Connection final : private LinkEvents {
 public:
  Connection(ConnectionContext& context, Endpoint endpoint, Resolver& resolver, Protocol& protocol);
  ~Connection() override { close(); }

  /// Once each loop turn: connects when it is time to, writes, gives up what is late.
  void turn(Time now);
  /// Gives the link up and tries anew after a pause, beginning with the address that has worked or else with another.
  void drop(Fault fault, Time now);
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
  Endpoint endpoint_;
  Resolver& resolver_;
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
