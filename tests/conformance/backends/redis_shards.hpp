// Three redis-servers of the suite's own that share the channels: whatever is done is done to all.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/backends/redis.hpp"

namespace signalbox::conformance {

class RedisShardsBackend final : public Backend {
 public:
  RedisShardsBackend();

  [[nodiscard]] std::string lacks(Control control) const override;
  [[nodiscard]] Values values() const override;
  [[nodiscard]] std::string secret() const override { return shards_.front()->secret(); }
  [[nodiscard]] std::chrono::milliseconds recovers_within() const override { return shards_.front()->recovers_within(); }

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
  void demote() override;
  void promote() override;
  /// To every shard: only the one that has the channel has its subscribers.
  void publish_foreign(std::string_view channel, std::string_view payload) override;
  [[nodiscard]] std::vector<Misconfiguration> misconfigured() override;

 private:
  [[nodiscard]] Values values_of(const std::string& urls) const;

  std::vector<std::unique_ptr<RedisBackend>> shards_;
};

}  // namespace signalbox::conformance
