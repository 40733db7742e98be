#include "tests/conformance/backends/redis.hpp"

#include "tests/support/redis_filter.hpp"

namespace signalbox::conformance {
namespace {

constexpr const char* kPassword = "conformance-secret";
constexpr const char* kOtherPassword = "another-secret";

}  // namespace

RedisBackend::RedisBackend() : redis_({"--requirepass", kPassword}) { redis_.keep_connection(); }

std::string RedisBackend::secret() const { return kPassword; }

Values RedisBackend::values() const { return values_through(redis_.port()); }

Values RedisBackend::values_through(std::uint16_t port) const {
  return {{"url", "redis://127.0.0.1:" + std::to_string(port)}, {"password", kPassword}};
}

void RedisBackend::change_password() {
  redis_.command({"CONFIG", "SET", "requirepass", kOtherPassword});
  redis_.use_password(kOtherPassword);
  redis_.command({"CLIENT", "KILL", "TYPE", "pubsub"});
  redis_.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

void RedisBackend::restore_password() {
  redis_.command({"CONFIG", "SET", "requirepass", kPassword});
  redis_.use_password(kPassword);
}

void RedisBackend::allow_only(const std::vector<std::string>& beginnings, const std::string&) {
  std::vector<std::string> command{"ACL", "SETUSER", "default", "resetchannels"};
  for (const std::string& beginning : beginnings) command.push_back("&" + beginning + "*");
  redis_.command(command);
}

void RedisBackend::allow_all() { redis_.command({"ACL", "SETUSER", "default", "allchannels"}); }

void RedisBackend::refuse_connections(bool on) {
  // One: the suite's own. What is open already stays.
  redis_.command({"CONFIG", "SET", "maxclients", on ? "1" : "10000"});
}

void RedisBackend::limit_output(std::size_t bytes) {
  const std::string limit = bytes == 0 ? "33554432 8388608 60" : std::to_string(bytes) + " 0 0";
  redis_.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub " + limit});
}

void RedisBackend::demote() { redis_.command({"REPLICAOF", "127.0.0.1", "1"}); }

void RedisBackend::promote() { redis_.command({"REPLICAOF", "NO", "ONE"}); }

void RedisBackend::publish_foreign(std::string_view channel, std::string_view payload) {
  redis_.publish(std::string(channel), std::string(payload));
}

test::FaultProxy::Filter RedisBackend::drop_deliveries() const { return test::without_redis_messages(); }

std::vector<Misconfiguration> RedisBackend::misconfigured() {
  const std::vector<std::string> password{"--requirepass", kPassword};
  const auto start = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), password.begin(), password.end());
    wrong_.push_back(std::make_unique<test::RedisServer>(std::move(arguments)));
  };
  start({"--replicaof", "127.0.0.1 " + std::to_string(redis_.port()), "--masterauth", kPassword});
  start({"--cluster-enabled", "yes"});
  return {{"a replica", {{"url", wrong_.front()->url()}}, "replica"},
          {"a classic cluster", {{"url", wrong_.back()->url()}}, "cluster"}};
}

}  // namespace signalbox::conformance
