// The server behind a broker plugin, started for a load test on a free loopback port.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bench/servers.hpp"

namespace signalbox::bench {

/// Runs while it lives. Errors: std::runtime_error with the end of the server's log.
class BrokerServer {
 public:
  virtual ~BrokerServer() = default;

  [[nodiscard]] virtual pid_t pid() const = 0;
  /// What an instance has to be told to find it: KEY=VALUE as for --set.
  [[nodiscard]] virtual std::vector<std::string> settings() const = 0;
  /// As the program says it.
  [[nodiscard]] virtual std::string version() const = 0;
  /// SIGKILL.
  virtual void kill() = 0;
  /// After kill(), at the same address; returns at once.
  virtual void launch() = 0;
  /// It can be used. Errors: std::runtime_error if it never will be.
  [[nodiscard]] virtual bool answers() = 0;
};

/// Those for which start_broker_server() starts one.
[[nodiscard]] bool has_broker_server(const std::string& plugin);

/// The program that it needs and that is not there, with Debian's package; empty: none.
[[nodiscard]] std::string missing_program(const std::string& plugin);

/// For redis, nats and kafka; nothing for every other plugin. `kafka_classpath`: the file that tests/kafka/prepare has written.
std::unique_ptr<BrokerServer> start_broker_server(const std::string& plugin, const ScratchDirectory& scratch,
                                                  const std::string& kafka_classpath);

/// What a program prints, both streams, without line feeds at its end. Errors: std::runtime_error if it does not end.
std::string output_of(std::vector<std::string> command, const ScratchDirectory& scratch);

}  // namespace signalbox::bench
