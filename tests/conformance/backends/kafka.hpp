// A Kafka of the suite's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/support/kafka_server.hpp"

namespace signalbox::conformance {

/// Where a Kafka that several cases share is to be found.
struct SharedKafka {
  std::uint16_t port = 0;
  std::uint16_t proxied_port = 0;
  std::uint16_t proxy_port = 0;
};

/// Kafka takes some seconds to start: cases that leave it as it was share one, whose ports the environment tells their
/// processes.
void share_kafka(const test::KafkaServer& server);
/// Whether the case stops, freezes or reconfigures the server.
[[nodiscard]] bool needs_kafka_of_its_own(int case_number);

class KafkaBackend final : public Backend {
 public:
  /// With a server of its own, or the one that is shared.
  explicit KafkaBackend(int case_number);

  [[nodiscard]] std::string lacks(Control control) const override;
  [[nodiscard]] Values values() const override { return at(shared_.port); }
  [[nodiscard]] Values values_through(std::uint16_t port) const override { return at(port); }
  /// Where the server tells its clients that it is.
  [[nodiscard]] std::unique_ptr<test::FaultProxy> make_proxy() const override {
    return std::make_unique<test::FaultProxy>(shared_.proxied_port, "127.0.0.1", shared_.proxy_port);
  }
  [[nodiscard]] std::string secret() const override { return password_; }

  void stop() override { server_->kill(); }
  void start() override { server_->restart(); }
  void freeze() override { server_->freeze(); }
  void thaw() override { server_->thaw(); }
  void change_password() override { restart_with("another-secret"); }
  void restore_password() override { restart_with(password_); }
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override;

 private:
  [[nodiscard]] Values at(std::uint16_t port) const;
  void restart_with(const std::string& password);

  std::string password_;
  std::unique_ptr<test::KafkaServer> server_;
  SharedKafka shared_;
};

}  // namespace signalbox::conformance
