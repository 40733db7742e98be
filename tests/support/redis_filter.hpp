// Takes messages out of what a Redis server sends to its subscribers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/fault_proxy.hpp"

namespace signalbox::test {

/// A filter for one connection, server to client (FaultProxy::filter): passes every RESP2 value on whole, but for the pushes
/// of PUBLISH and SPUBLISH, which vanish. TCP, PING and confirmations stay as they are: the black hole that only a probe
/// notices.
[[nodiscard]] std::function<std::string(std::string_view)> without_redis_messages();

/// The same, for all connections, but only while `on`. Installed before the first connection it sees each stream from its
/// beginning, which one that comes under load does not.
[[nodiscard]] std::function<FaultProxy::Filter()> without_redis_messages_while(std::shared_ptr<const std::atomic<bool>> on);

}  // namespace signalbox::test
