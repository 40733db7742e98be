// Loopback ports for servers that have to know theirs before they start.
#pragma once

#include <cstdint>
#include <functional>

namespace signalbox::test {

/// A port of 127.0.0.1 that is free now, below the range from which the system takes ports for outgoing connections: a
/// client that retries against a server that is down could otherwise take the server's own port.
[[nodiscard]] std::uint16_t free_port();

/// Calls start(), which takes free ports and binds them: another may have bound one in between, and then it is called again.
/// Errors: std::runtime_error of the third call.
void start_on_free_ports(const std::function<void()>& start);

}  // namespace signalbox::test
