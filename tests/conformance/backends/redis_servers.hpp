// redis-servers of the suite's own, one or several: whatever is done is done to all.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/support/redis_server.hpp"

namespace signalbox::conformance {

class RedisServers : public Backend {
 public:
  [[nodiscard]] std::string secret() const override { return kPassword; }
  /// For an outage of at most 1 s.
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
  void demote() override;
  void promote() override;
  void publish_foreign(std::string_view channel, std::string_view payload) override;
  [[nodiscard]] test::FaultProxy::Filter drop_deliveries() const override;

 protected:
  using Servers = std::vector<std::unique_ptr<test::RedisServer>>;

  /// The requirepass of every server.
  static constexpr const char* kPassword = "conformance-secret";

  /// A server with the password; `arguments`: as RedisServer takes them. It keeps its connection for commands.
  [[nodiscard]] static std::unique_ptr<test::RedisServer> make_server(std::vector<std::string> arguments = {});
  [[nodiscard]] virtual const Servers& servers() const = 0;
  /// patterns: as ACL SETUSER takes them, without '&'.
  void allow_only_patterns(const std::vector<std::string>& patterns);

  /// Servers that no broker may take for one that holds channels by itself.
  struct Wrong {
    std::string what;
    std::string url;
    std::string reason;
  };
  [[nodiscard]] std::vector<Wrong> start_wrong_servers();

 private:
  Servers wrong_;
};

}  // namespace signalbox::conformance
