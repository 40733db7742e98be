#include "tests/conformance/backends/redis.hpp"

#include "tests/conformance/backends/redis_controls.hpp"
#include "tests/support/redis_filter.hpp"

namespace signalbox::conformance {

RedisBackend::RedisBackend() : redis_({"--requirepass", kRedisPassword}) { redis_.keep_connection(); }

std::string RedisBackend::secret() const { return kRedisPassword; }

Values RedisBackend::values() const { return values_through(redis_.port()); }

Values RedisBackend::values_through(std::uint16_t port) const {
  return {{"url", "redis://127.0.0.1:" + std::to_string(port)}, {"password", kRedisPassword}};
}

void RedisBackend::change_password() { conformance::change_password(redis_); }

void RedisBackend::restore_password() { conformance::restore_password(redis_); }

void RedisBackend::allow_only(const std::vector<std::string>& beginnings, const std::string&) {
  std::vector<std::string> patterns;
  for (const std::string& beginning : beginnings) patterns.push_back(beginning + "*");
  allow_only_channels(redis_, patterns);
}

void RedisBackend::allow_all() { allow_all_channels(redis_); }

void RedisBackend::refuse_connections(bool on) { conformance::refuse_connections(redis_, on); }

void RedisBackend::limit_output(std::size_t bytes) { conformance::limit_output(redis_, bytes); }

void RedisBackend::demote() { redis_.command({"REPLICAOF", "127.0.0.1", "1"}); }

void RedisBackend::promote() { redis_.command({"REPLICAOF", "NO", "ONE"}); }

void RedisBackend::publish_foreign(std::string_view channel, std::string_view payload) {
  redis_.publish(std::string(channel), std::string(payload));
}

test::FaultProxy::Filter RedisBackend::drop_deliveries() const { return test::without_redis_messages(); }

std::vector<Misconfiguration> RedisBackend::misconfigured() {
  const std::vector<std::string> password{"--requirepass", kRedisPassword};
  const auto start = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), password.begin(), password.end());
    wrong_.push_back(std::make_unique<test::RedisServer>(std::move(arguments)));
  };
  start({"--replicaof", "127.0.0.1 " + std::to_string(redis_.port()), "--masterauth", kRedisPassword});
  start({"--cluster-enabled", "yes"});
  return {{"a replica", {{"url", wrong_.front()->url()}}, "replica"},
          {"a classic cluster", {{"url", wrong_.back()->url()}}, "cluster"}};
}

}  // namespace signalbox::conformance
