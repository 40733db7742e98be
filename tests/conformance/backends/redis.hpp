// A redis-server of the suite's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/support/redis_server.hpp"

namespace signalbox::conformance {

class RedisBackend final : public Backend {
 public:
  RedisBackend();

  [[nodiscard]] std::string lacks(Control control) const override {
    return control == Control::failover ? "there is one server" : std::string();
  }
  [[nodiscard]] Values values() const override;
  [[nodiscard]] Values values_through(std::uint16_t port) const override;
  [[nodiscard]] std::unique_ptr<test::FaultProxy> make_proxy() const override {
    return std::make_unique<test::FaultProxy>(redis_.port());
  }
  [[nodiscard]] std::string secret() const override;
  /// For an outage of at most 1 s.
  [[nodiscard]] std::chrono::milliseconds recovers_within() const override { return std::chrono::seconds(2); }

  void stop() override { redis_.kill(); }
  void start() override { redis_.restart(); }
  void freeze() override { redis_.freeze(); }
  void thaw() override { redis_.thaw(); }
  void change_password() override;
  void restore_password() override;
  void allow_only(const std::vector<std::string>& beginnings, const std::string& forbidden) override;
  void allow_all() override;
  void refuse_connections(bool on) override;
  void limit_output(std::size_t bytes) override;
  void demote() override;
  void promote() override;
  void publish_foreign(std::string_view channel, std::string_view payload) override;
  [[nodiscard]] test::FaultProxy::Filter drop_deliveries() const override;
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override;

 private:
  test::RedisServer redis_;
  std::vector<std::unique_ptr<test::RedisServer>> wrong_;  // of misconfigured()
};

}  // namespace signalbox::conformance
