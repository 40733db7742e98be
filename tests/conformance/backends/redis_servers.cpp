#include "tests/conformance/backends/redis_servers.hpp"

#include <utility>

#include "tests/support/redis_filter.hpp"

namespace signalbox::conformance {
namespace {

constexpr const char* kOtherPassword = "another-secret";

}  // namespace

std::unique_ptr<test::RedisServer> RedisServers::make_server(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--requirepass", kPassword});
  auto server = std::make_unique<test::RedisServer>(std::move(arguments));
  server->keep_connection();
  return server;
}

void RedisServers::stop() {
  for (const auto& server : servers()) server->kill();
}

void RedisServers::start() {
  for (const auto& server : servers()) server->restart();
}

void RedisServers::freeze() {
  for (const auto& server : servers()) server->freeze();
}

void RedisServers::thaw() {
  for (const auto& server : servers()) server->thaw();
}

void RedisServers::change_password() {
  for (const auto& server : servers()) {
    server->command({"CONFIG", "SET", "requirepass", kOtherPassword});
    server->use_password(kOtherPassword);
    server->command({"CLIENT", "KILL", "TYPE", "pubsub"});
    server->command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  }
}

void RedisServers::restore_password() {
  for (const auto& server : servers()) {
    server->command({"CONFIG", "SET", "requirepass", kPassword});
    server->use_password(kPassword);
  }
}

void RedisServers::allow_only(const std::vector<std::string>& beginnings, const std::string&) {
  std::vector<std::string> patterns;
  for (const std::string& beginning : beginnings) patterns.push_back(beginning + "*");
  allow_only_patterns(patterns);
}

void RedisServers::allow_only_patterns(const std::vector<std::string>& patterns) {
  std::vector<std::string> command{"ACL", "SETUSER", "default", "resetchannels"};
  for (const std::string& pattern : patterns) command.push_back("&" + pattern);
  for (const auto& server : servers()) server->command(command);
}

void RedisServers::allow_all() {
  for (const auto& server : servers()) server->command({"ACL", "SETUSER", "default", "allchannels"});
}

void RedisServers::refuse_connections(bool on) {
  // One: the suite's own. What is open already stays.
  for (const auto& server : servers()) server->command({"CONFIG", "SET", "maxclients", on ? "1" : "10000"});
}

void RedisServers::limit_output(std::size_t bytes) {
  const std::string limit = bytes == 0 ? "33554432 8388608 60" : std::to_string(bytes) + " 0 0";
  for (const auto& server : servers()) server->command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub " + limit});
}

void RedisServers::demote() {
  for (const auto& server : servers()) server->command({"REPLICAOF", "127.0.0.1", "1"});
}

void RedisServers::promote() {
  for (const auto& server : servers()) server->command({"REPLICAOF", "NO", "ONE"});
}

/// To every server: only the one that has the channel has its subscribers.
void RedisServers::publish_foreign(std::string_view channel, std::string_view payload) {
  for (const auto& server : servers()) server->publish(std::string(channel), std::string(payload));
}

test::FaultProxy::Filter RedisServers::drop_deliveries() const { return test::without_redis_messages(); }

std::vector<RedisServers::Wrong> RedisServers::start_wrong_servers() {
  const std::string master = "127.0.0.1 " + std::to_string(servers().front()->port());
  wrong_.push_back(make_server({"--replicaof", master, "--masterauth", kPassword}));
  wrong_.push_back(make_server({"--cluster-enabled", "yes"}));
  return {{"a replica", wrong_.front()->url(), "replica"}, {"a classic cluster", wrong_.back()->url(), "cluster"}};
}

}  // namespace signalbox::conformance
