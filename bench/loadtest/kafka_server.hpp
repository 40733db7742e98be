// A Kafka of one node, from what tests/kafka/prepare has fetched.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "bench/process.hpp"
#include "bench/servers.hpp"

namespace signalbox::bench {

/// The constructor returns when it has started. Errors: std::runtime_error with the remedy or the end of its log.
class KafkaServer {
 public:
  /// `classpath`: a file with Kafka's; `storage/`, and if there `classes.jsa`, lie beside it.
  KafkaServer(const ScratchDirectory& scratch, const std::string& classpath);

  /// What is missing beside it, with the remedy; empty: nothing.
  [[nodiscard]] static std::string missing(const std::string& classpath);

  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// As the name of its jar has it; empty if none says.
  [[nodiscard]] std::string version() const;

  /// SIGKILL.
  void kill();
  /// After kill(), on the same ports and with what it has stored; returns at once.
  void launch();
  /// Whether it has started. Errors: std::runtime_error with the end of its log if it has ended or takes too long.
  [[nodiscard]] bool answers();

 private:
  [[nodiscard]] std::string log() const;

  const ScratchDirectory& scratch_;
  std::string classpath_;  // as java has it
  std::string archive_;    // of classes; empty: none
  std::uint16_t port_;
  std::uint16_t controller_port_;
  int starts_ = 0;
  std::unique_ptr<Process> process_;
  std::chrono::steady_clock::time_point launched_;
};

}  // namespace signalbox::bench
