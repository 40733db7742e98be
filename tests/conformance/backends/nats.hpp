// A nats-server of the suite's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/support/nats_server.hpp"

namespace signalbox::conformance {

class NatsBackend final : public Backend {
 public:
  NatsBackend();

  [[nodiscard]] std::string lacks(Control control) const override;
  [[nodiscard]] Values values() const override { return values_through(nats_.port()); }
  [[nodiscard]] Values values_through(std::uint16_t port) const override;
  [[nodiscard]] std::unique_ptr<test::FaultProxy> make_proxy() const override {
    return std::make_unique<test::FaultProxy>(nats_.port());
  }
  [[nodiscard]] std::string secret() const override;
  /// For an outage of at most 1 s.
  [[nodiscard]] std::chrono::milliseconds recovers_within() const override { return std::chrono::seconds(2); }

  void stop() override { nats_.kill(); }
  void start() override { nats_.restart(); }
  void freeze() override { nats_.freeze(); }
  void thaw() override { nats_.thaw(); }
  void change_password() override;
  void restore_password() override;
  void allow_only(const std::vector<std::string>& beginnings, const std::string& forbidden) override;
  void allow_all() override;
  void refuse_connections(bool on) override;
  void limit_output(std::size_t bytes) override;
  void publish_foreign(std::string_view channel, std::string_view payload) override;
  [[nodiscard]] test::FaultProxy::Filter drop_deliveries() const override;
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override;

 private:
  test::NatsServer nats_;
  std::vector<std::unique_ptr<test::NatsServer>> wrong_;  // of misconfigured()
};

}  // namespace signalbox::conformance
