// The ways in which clients do harm. Each makes the behaviour of a swarm: Swarm(port, slow_handshake(), {.count = 300}).
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "tests/support/hostile/swarm.hpp"

namespace signalbox::test::hostile {

using Harm = std::unique_ptr<Behaviour>;

// Before the handshake is done, on either listener.

/// A request that comes one byte a tick.
[[nodiscard]] Harm slow_handshake();
/// Connects and says nothing.
[[nodiscard]] Harm silence();
/// Header lines without end.
[[nodiscard]] Harm header_flood();
/// Random bytes without end, from a fixed seed; an upgrade before them if `upgraded`.
[[nodiscard]] Harm garbage(bool upgraded);

// WebSockets. The user of each is `user` + its number; without a user the connection is not registered.

/// Registers and never reads, with little room in its socket. `pongs`: one a tick, unasked, so that it looks alive.
[[nodiscard]] Harm stalled_reader(std::string user, bool pongs = false);
/// Reads one byte a tick.
[[nodiscard]] Harm trickling_reader(std::string user);
/// Its host is gone: after registering, what arrives is dropped before TCP sees it. No answer, no FIN, no RST; not even the
/// swarm hears of the connection's end, and resets it after `ticks` (0: never).
[[nodiscard]] Harm vanished_peer(std::string user, std::size_t ticks = 0);
/// Ends its own direction after registering and reads on.
[[nodiscard]] Harm half_closed_peer(std::string user);
/// Reads everything, once a tick, and answers nothing: neither a ping nor a close nor the end of the stream.
[[nodiscard]] Harm mute_peer(std::string user);
/// Registers as one of `users` users, resets the connection once it is upgraded, comes back.
[[nodiscard]] Harm reconnecter(std::string user, std::size_t users);
/// Texts without end, which mean nothing.
[[nodiscard]] Harm chatter(std::string user);

// On the API.

/// One request, then an idle connection.
[[nodiscard]] Harm idle_keep_alive();
/// Asks for /metrics again and again and reads no answer.
[[nodiscard]] Harm unread_answers();
/// A bulk request to `user` without end; `reads`: its answers. The payload of each line has `bytes`.
[[nodiscard]] Harm endless_bulk(std::string user, std::size_t bytes, bool reads);

}  // namespace signalbox::test::hostile
