// A Redis Cluster of the suite's own, of three masters: whatever is done is done to all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/support/redis_cluster.hpp"
#include "tests/support/redis_server.hpp"

namespace signalbox::conformance {

class RedisClusterBackend final : public Backend {
 public:
  /// Only the case of the failover has replicas: they take long to attach.
  explicit RedisClusterBackend(int case_number);

  [[nodiscard]] std::string lacks(Control control) const override;
  void use_prefix(const std::string& prefix) override { prefix_ = prefix; }
  [[nodiscard]] Values values() const override;
  [[nodiscard]] std::unique_ptr<test::FaultProxy> make_proxy() const override;
  [[nodiscard]] Values values_through(std::uint16_t port) const override;
  [[nodiscard]] std::string secret() const override;
  [[nodiscard]] std::chrono::milliseconds recovers_within() const override { return std::chrono::seconds(2); }

  void stop() override;
  void start() override;
  void freeze() override;
  void thaw() override;
  void change_password() override;
  void restore_password() override;
  void allow_only(const std::vector<std::string>& beginnings, const std::string& forbidden) override;
  void allow_all() override;
  void refuse_connections(bool on) override;
  void limit_output(std::size_t bytes) override;
  void fail_over() override;
  void publish_foreign(std::string_view channel, std::string_view payload) override;
  [[nodiscard]] test::FaultProxy::Filter drop_deliveries() const override;
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override;

 private:
  [[nodiscard]] Values values_at(const std::string& host) const;
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

  bool with_replicas_;
  std::string prefix_;
  test::RedisCluster cluster_;
  std::unique_ptr<test::RedisServer> wrong_;  // of misconfigured()
};

}  // namespace signalbox::conformance
