// Three redis-servers of the suite's own that share the channels.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/backends/redis_servers.hpp"

namespace signalbox::conformance {

class RedisShardsBackend final : public RedisServers {
 public:
  RedisShardsBackend() {
    for (int i = 0; i < 3; ++i) shards_.push_back(make_server());
  }

  [[nodiscard]] std::string lacks(Control control) const override {
    if (control == Control::link || control == Control::black_hole)
      return "a shard is known by its address: through a proxy it would be another";
    return control == Control::failover ? "there is one server" : std::string();
  }
  [[nodiscard]] Values values() const override {
    std::string urls;
    for (const auto& shard : shards_) urls += (urls.empty() ? "" : ", ") + shard->url();
    return values_of(urls);
  }
  /// Alone: a shard that is right among those that are wrong would serve its channels.
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override {
    std::vector<Misconfiguration> wrong;
    for (const Wrong& one : start_wrong_servers()) wrong.push_back({one.what + " as a shard", values_of(one.url), one.reason});
    return wrong;
  }

 private:
  [[nodiscard]] const Servers& servers() const override { return shards_; }
  [[nodiscard]] static Values values_of(const std::string& urls) {
    return {{"mode", "shards"}, {"urls", "[" + urls + "]"}, {"password", kPassword}};
  }

  Servers shards_;
};

}  // namespace signalbox::conformance
