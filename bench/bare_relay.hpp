// The barest that can stand between Redis and many sockets: what Signalbox's chain is held against.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/bare.hpp"

namespace signalbox::bench {

/// Accepts a connection for each of `channels`, subscribes to these, and then writes each message that Redis pushes to the
/// socket of its channel: one send() a message. The digits at the end of a channel, divided by `stride`, number its socket.
/// Nothing is checked, queued, counted or shared. Runs until the process is stopped.
int relay_messages(BareListener& listener, const std::string& redis_url, const std::vector<std::string>& channels,
                   std::size_t stride);

}  // namespace signalbox::bench
