// A new socket on server.listen, until it is a WebSocket or has got its answer.
#pragma once

#include "server/clients/transport.hpp"

namespace signalbox {

class Shard;

/// Reads one request within limits.handshake_timeout in total and answers it. A WebSocket goes on as a Connection; for anything
/// else the answer says Connection: close, and the socket is closed.
///
/// `socket` has been counted by SocketLimits::take_socket(). Threading: the shard's.
void start_handshake(Shard& shard, Socket socket);

}  // namespace signalbox
