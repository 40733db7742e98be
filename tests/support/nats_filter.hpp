// Takes messages out of what a NATS server sends.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace signalbox::test {

/// A filter for one connection, server to client (FaultProxy::filter): passes every line on whole, but for MSG and HMSG with
/// their payloads, which vanish. TCP, INFO, PING and PONG stay as they are: the black hole that only a probe notices.
[[nodiscard]] std::function<std::string(std::string_view)> without_nats_messages();

}  // namespace signalbox::test
