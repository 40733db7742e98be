// A Redis Cluster of the suite's own, of three masters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/backends/redis_servers.hpp"
#include "tests/support/redis_cluster.hpp"

namespace signalbox::conformance {

class RedisClusterBackend final : public RedisServers {
 public:
  /// Only the case of the failover has replicas: they take long to attach.
  explicit RedisClusterBackend(int case_number);

  [[nodiscard]] std::string lacks(Control control) const override;
  void use_prefix(const std::string& prefix) override { prefix_ = prefix; }
  [[nodiscard]] Values values() const override;
  [[nodiscard]] std::unique_ptr<test::FaultProxy> make_proxy() const override;
  [[nodiscard]] Values values_through(std::uint16_t port) const override;

  void allow_only(const std::vector<std::string>& beginnings, const std::string& forbidden) override;
  void fail_over() override;
  void publish_foreign(std::string_view channel, std::string_view payload) override;
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override;

 private:
  [[nodiscard]] const Servers& servers() const override { return cluster_.servers(); }
  [[nodiscard]] Values values_at(const std::string& host) const;
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

  bool with_replicas_;
  std::string prefix_;
  test::RedisCluster cluster_;
  std::unique_ptr<test::RedisServer> wrong_;  // of misconfigured()
};

}  // namespace signalbox::conformance
