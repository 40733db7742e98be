// A real Kafka, one node in KRaft mode, on ports of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace signalbox::test {

/// Takes clients once constructed; stopped by pid on destruction. Its log is kept over kill() and restart().
class KafkaServer {
 public:
  /// What its listeners for clients demand.
  struct Security {
    std::string password;     ///< not empty: SASL PLAIN, as user "signalbox"
    std::string certificate;  ///< not empty: TLS, with this one and its key, both PEM
    std::string key;
  };
  KafkaServer() : KafkaServer(Security{}) {}
  explicit KafkaServer(Security security);

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// The same for clients behind a proxy, which has to listen on proxy_port(): Kafka tells its clients where to go.
  [[nodiscard]] std::uint16_t proxied_port() const noexcept { return proxied_port_; }
  [[nodiscard]] std::uint16_t proxy_port() const noexcept { return proxy_port_; }
  [[nodiscard]] std::string bootstrap_servers() const { return "127.0.0.1:" + std::to_string(port_); }

  /// SIGKILL: connections are reset, what was in flight is lost.
  void kill() { process_->kill(); }
  /// Starts it again, on the same ports and with what its log holds, after kill().
  void restart() { start(); }
  /// Of the next start.
  void use_password(std::string password) { security_.password = std::move(password); }
  /// Keeps its connections and stops answering.
  void freeze() const { process_->freeze(); }
  void thaw() const { process_->thaw(); }

 private:
  void start();
  [[nodiscard]] std::string properties() const;
  [[nodiscard]] std::string security_properties() const;

  Security security_;
  std::uint16_t port_ = 0;
  std::uint16_t proxied_port_ = 0;
  std::uint16_t proxy_port_ = 0;
  std::uint16_t internal_port_ = 0;
  std::uint16_t controller_port_ = 0;
  TemporaryDirectory directory_;
  std::unique_ptr<Process> process_;
};

}  // namespace signalbox::test
