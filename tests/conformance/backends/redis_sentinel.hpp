// A Redis master with two replicas and three sentinels of the suite's own: here it is the failover that counts.
#pragma once

#include <string>

#include "tests/conformance/backend.hpp"
#include "tests/support/redis_sentinels.hpp"

namespace signalbox::conformance {

class RedisSentinelBackend final : public Backend {
 public:
  [[nodiscard]] std::string lacks(Control control) const override {
    if (control == Control::failover || control == Control::separate) return {};
    return "the suite does this to a single server";
  }
  [[nodiscard]] Values values() const override {
    std::string urls;
    for (const std::string& url : redis_.urls()) urls += (urls.empty() ? "" : ", ") + url;
    return {{"mode", "sentinel"}, {"urls", "[" + urls + "]"}, {"sentinel_master", test::RedisSentinels::kMaster}};
  }
  void fail_over() override { redis_.fail_over(); }

 private:
  test::RedisSentinels redis_;
};

}  // namespace signalbox::conformance
