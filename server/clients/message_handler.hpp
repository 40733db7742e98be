// What the messages of a client mean: the seam between a connection, which knows RFC 6455, and what is spoken on it.
#pragma once

#include <string_view>

namespace signalbox {

class Connection;

/// One for all connections. Threading: any shard's. Lifetime: outlives the shards.
class MessageHandler {
 public:
  MessageHandler() = default;
  MessageHandler(const MessageHandler&) = delete;
  MessageHandler& operator=(const MessageHandler&) = delete;
  virtual ~MessageHandler() = default;

  /// A whole message of an open connection; text is valid UTF-8. The view lives for the call. The handler may send and close.
  virtual void on_text(Connection& connection, std::string_view text) const = 0;
  virtual void on_binary(Connection& connection, std::string_view bytes) const = 0;
};

}  // namespace signalbox
