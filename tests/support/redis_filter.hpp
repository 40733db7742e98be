// Takes messages out of what a Redis server sends to its subscribers.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace signalbox::test {

/// A filter for one connection, server to client (FaultProxy::filter): passes every RESP2 value on whole, but for the pushes
/// of PUBLISH, which vanish. TCP, PING and confirmations stay as they are: the black hole that only a probe notices.
[[nodiscard]] std::function<std::string(std::string_view)> without_redis_messages();

}  // namespace signalbox::test
