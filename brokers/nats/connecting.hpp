// How nats.c is told to connect.
#pragma once

#include <vector>

#include <nats/nats.h>

#include "brokers/nats/link.hpp"

namespace signalbox::nats {

/// Event-loop callbacks and closures of a connection; attach: called on the connecting thread.
struct Callbacks {
  void* closure = nullptr;
  natsEvLoop_Attach attach = nullptr;
  natsEvLoop_ReadAddRemove read = nullptr;
  natsEvLoop_WriteAddRemove write = nullptr;
  natsEvLoop_Detach detach = nullptr;
  natsErrHandler error = nullptr;
  natsConnectionHandler closed = nullptr;
};

/// Tries one server after the other, and says which it was. nullptr: `fault` says why.
///
/// Blocks for up to Link::kConnectTimeout a server, and for as long as a name takes to be looked up.
natsConnection* connect(const LinkOptions& options, const Callbacks& callbacks, Server& server, Fault& fault);

/// The server and those of its cluster that it has told of by now; empty: none.
[[nodiscard]] std::vector<Server> told_by(natsConnection* connection, const Server& server);

}  // namespace signalbox::nats
