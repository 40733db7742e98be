// A real nats-server on a port of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/certificates.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace signalbox::test {

/// Takes connections once constructed; stopped by pid on destruction.
class NatsServer {
 public:
  /// `config`: lines for its configuration file, beside the port and the address.
  explicit NatsServer(std::string config = {});

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// nats://127.0.0.1:PORT
  [[nodiscard]] std::string url() const;

  /// SIGKILL: connections are reset, everything is forgotten.
  void kill() { process_->kill(); }
  /// Starts it again after kill(), on the same port.
  void restart() { start(); }
  /// Keeps its connections and stops answering.
  void freeze() const { process_->freeze(); }
  void thaw() const { process_->thaw(); }

  /// What restart() and reload() read from now on.
  void configure(std::string config) { config_ = std::move(config); }
  /// The new configuration is in force when this returns. Errors: std::runtime_error with the server's words.
  void reload();

  /// As any client would do it, over a connection of its own. `login`: members of CONNECT's object, as in "\"user\":\"x\"".
  void publish(const std::string& subject, const std::string& payload, const std::string& login = {}) const;

 private:
  void start();
  void write_config() const;

  std::string config_;
  std::uint16_t port_ = 0;
  TemporaryDirectory directory_;
  std::unique_ptr<Process> process_;
};

/// Lines for its configuration file; `more` stands in the same block.
[[nodiscard]] std::string tls_config(const Certificates::Pair& server, const std::string& more = {});

}  // namespace signalbox::test
