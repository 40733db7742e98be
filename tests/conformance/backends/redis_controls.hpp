// What the suite does to one redis-server, alone or among others.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/support/redis_server.hpp"

namespace signalbox::conformance {

/// Of a server that was started with it as requirepass.
inline constexpr const char* kRedisPassword = "conformance-secret";

/// As Backend's; `server` keeps its connection for commands.
void change_password(test::RedisServer& server);
void restore_password(test::RedisServer& server);
/// patterns: as ACL SETUSER takes them, without '&'.
void allow_only_channels(test::RedisServer& server, const std::vector<std::string>& patterns);
void allow_all_channels(test::RedisServer& server);
void refuse_connections(test::RedisServer& server, bool on);
void limit_output(test::RedisServer& server, std::size_t bytes);

}  // namespace signalbox::conformance
