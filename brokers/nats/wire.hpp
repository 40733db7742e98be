// What the two sides of the plugin say to a server: nats.c's functions as they are needed here, so that a test can listen.
#pragma once

#include <string_view>

namespace signalbox::nats {

/// One connection that stands. What is said leaves at the end of the loop turn, in order.
///
/// Threading: the broker's I/O thread. Errors: none; a connection that breaks says so by its end.
class Wire {
 public:
  virtual ~Wire() = default;

  /// Sends a fence: it comes back once the server has worked through all that was said before, and after every refusal of
  /// it. The next only after the last has come back.
  virtual void fence() = 0;

  /// Lifetime: the bytes of `channel` stay where they are until unsubscribe(), which is given the same ones.
  virtual void subscribe(std::string_view channel) = 0;
  virtual void unsubscribe(std::string_view channel) = 0;

  /// `reply`: a name of the asker's own, which comes back with the answer.
  virtual void publish(std::string_view channel, std::string_view payload, std::string_view reply) = 0;
  /// Asks whoever holds `channel` to answer; holders do it without telling their host.
  virtual void probe(std::string_view channel, std::string_view reply) = 0;

  /// Over TLS, where a full socket holds up the whole thread.
  [[nodiscard]] virtual bool is_secure() const noexcept = 0;
};

}  // namespace signalbox::nats
