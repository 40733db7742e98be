#include "tests/conformance/backends/redis_controls.hpp"

namespace signalbox::conformance {
namespace {

constexpr const char* kOtherPassword = "another-secret";

}  // namespace

void change_password(test::RedisServer& server) {
  server.command({"CONFIG", "SET", "requirepass", kOtherPassword});
  server.use_password(kOtherPassword);
  server.command({"CLIENT", "KILL", "TYPE", "pubsub"});
  server.command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
}

void restore_password(test::RedisServer& server) {
  server.command({"CONFIG", "SET", "requirepass", kRedisPassword});
  server.use_password(kRedisPassword);
}

void allow_only_channels(test::RedisServer& server, const std::vector<std::string>& patterns) {
  std::vector<std::string> command{"ACL", "SETUSER", "default", "resetchannels"};
  for (const std::string& pattern : patterns) command.push_back("&" + pattern);
  server.command(command);
}

void allow_all_channels(test::RedisServer& server) { server.command({"ACL", "SETUSER", "default", "allchannels"}); }

void refuse_connections(test::RedisServer& server, bool on) {
  // One: the suite's own. What is open already stays.
  server.command({"CONFIG", "SET", "maxclients", on ? "1" : "10000"});
}

void limit_output(test::RedisServer& server, std::size_t bytes) {
  const std::string limit = bytes == 0 ? "33554432 8388608 60" : std::to_string(bytes) + " 0 0";
  server.command({"CONFIG", "SET", "client-output-buffer-limit", "pubsub " + limit});
}

}  // namespace signalbox::conformance
