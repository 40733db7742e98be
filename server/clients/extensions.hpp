// Sec-WebSocket-Extensions: what a client offers, and what the server agrees to (RFC 6455 section 9.1, RFC 7692 section 7.1).
#pragma once

#include <cstdint>
#include <string>

#include "server/http/request_head.hpp"

namespace signalbox {

/// The answer to all offers of a handshake.
struct ExtensionAnswer {
  bool malformed = false;        ///< the handshake has to fail
  std::uint8_t window_bits = 0;  ///< how far back what the server deflates may refer: 8 to 15; 0: no permessage-deflate
  std::string value;             ///< the answer's Sec-WebSocket-Extensions; empty: it has none
};

/// Takes the first offer of permessage-deflate that can be taken, always without context takeover in either direction. Other
/// extensions, and offers with a parameter that is unknown, has a bad value or stands twice, are passed over.
ExtensionAnswer answer_extensions(const http::RequestHead& head);

}  // namespace signalbox
