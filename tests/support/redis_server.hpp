// A real redis-server on a port of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace signalbox::test {

class RedisConnection;

/// Answers PING once constructed; stopped by pid on destruction. Keeps nothing on disk.
class RedisServer {
 public:
  /// `arguments` go to redis-server as they are: {"--requirepass", "secret"}.
  explicit RedisServer(std::vector<std::string> arguments = {});

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// redis://127.0.0.1:PORT
  [[nodiscard]] std::string url() const;
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }

  [[nodiscard]] bool running() const { return process_->running(); }

  /// SIGKILL: connections are reset, what was in flight is lost.
  void kill();
  /// Starts it again, on the same port and with the same arguments, after kill().
  void restart();
  /// Keeps its connections and stops answering.
  void freeze() const { process_->freeze(); }
  void thaw() const { process_->thaw(); }

  /// Authenticates the commands below; empty: no authentication.
  void use_password(std::string password) { password_ = std::move(password); }
  /// The commands below share one connection from now on, which stands even where the server takes no further one. kill()
  /// ends it; the next command makes another.
  void keep_connection() { keep_ = true; }
  /// Runs one command, on a connection of its own unless one is kept. An array's elements stand on a line each, nil is "(nil)".
  /// Errors: std::runtime_error with Redis's words, also if it can't be reached.
  std::string command(const std::vector<std::string>& arguments) const;
  /// What PUBLISH says: how many subscribers got it.
  int publish(const std::string& channel, const std::string& payload) const;
  /// How many connections subscribe to the channel.
  int subscribers(const std::string& channel) const;

 private:
  void start();

  std::vector<std::string> arguments_;
  std::uint16_t port_ = 0;
  std::string password_;
  bool keep_ = false;
  mutable std::shared_ptr<RedisConnection> kept_;
  TemporaryDirectory directory_;
  std::unique_ptr<Process> process_;
};

}  // namespace signalbox::test
