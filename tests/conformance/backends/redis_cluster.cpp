#include "tests/conformance/backends/redis_cluster.hpp"

#include "brokers/redis/hash_tags.hpp"

namespace signalbox::conformance {
namespace {

constexpr int kFailover = 33;
constexpr const char* kDirect = "127.0.0.1";
constexpr const char* kProxied = "127.0.0.2";

}  // namespace

RedisClusterBackend::RedisClusterBackend(int case_number)
    : with_replicas_(case_number == kFailover),
      cluster_(
          with_replicas_ ? test::RedisCluster::Replicas::one_each : test::RedisCluster::Replicas::none,
          // No node tells a host: who comes through the proxies is led through them.
          {"--requirepass", kPassword, "--masterauth", kPassword, "--cluster-preferred-endpoint-type", "unknown-endpoint"}) {
  for (const auto& server : cluster_.servers()) server->keep_connection();
}

std::string RedisClusterBackend::lacks(Control control) const {
  if (control == Control::role) return "a cluster exchanges its masters by failover";
  if (control == Control::failover && !with_replicas_) return "there are no replicas";
  return {};
}

Values RedisClusterBackend::values() const { return values_at(kDirect); }

Values RedisClusterBackend::values_through(std::uint16_t) const { return values_at(kProxied); }

Values RedisClusterBackend::values_at(const std::string& host) const {
  std::string urls;
  for (const std::uint16_t port : ports())
    urls += (urls.empty() ? "redis://" : ", redis://") + host + ":" + std::to_string(port);
  return {{"mode", "cluster"}, {"urls", "[" + urls + "]"}, {"password", kPassword}};
}

std::unique_ptr<test::FaultProxy> RedisClusterBackend::make_proxy() const {
  return std::make_unique<test::FaultProxy>(ports(), kProxied);
}

std::vector<std::uint16_t> RedisClusterBackend::ports() const {
  std::vector<std::uint16_t> ports;
  for (const auto& server : cluster_.servers()) ports.push_back(server->port());
  return ports;
}

void RedisClusterBackend::allow_only(const std::vector<std::string>& beginnings, const std::string&) {
  std::vector<std::string> patterns;
  for (const std::string& beginning : beginnings) patterns.push_back(prefix_ + "{*}" + beginning.substr(prefix_.size()) + "*");
  allow_only_patterns(patterns);
}

void RedisClusterBackend::fail_over() {
  for (std::size_t i = 0; i < test::RedisCluster::kMasters; ++i) cluster_.fail_over(*cluster_.servers()[i]);
}

void RedisClusterBackend::publish_foreign(std::string_view channel, std::string_view payload) {
  std::string name;
  redis::HashTags(prefix_).tagged(channel, name);
  cluster_.owner(redis::slot_of(name)).command({"SPUBLISH", name, std::string(payload)});
}

std::vector<Misconfiguration> RedisClusterBackend::misconfigured() {
  wrong_ = make_server();
  return {{"a server without cluster", {{"urls", "[" + wrong_->url() + "]"}}, "cluster-enabled"}};
}

}  // namespace signalbox::conformance
