// The question whether somebody holds a channel, as a message: a header, so that nothing of ours is ever in a payload.
#pragma once

#include <nats/nats.h>

namespace signalbox::nats {

/// A question, or an answer to one: an answer has the header too, which tells a holder from whatever else answers to what it
/// hears (a stream acknowledges all that asks for an answer). reply: nullptr in an answer.
natsStatus publish_probe(natsConnection* connection, const char* subject, const char* reply);

[[nodiscard]] bool is_probe(natsMsg* message);

}  // namespace signalbox::nats
