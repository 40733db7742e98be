// What a Redis server would say, and what it should have been told.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "brokers/redis/protocol.hpp"
#include "brokers/redis/resp.hpp"

namespace signalbox::redis {

/// The replies to CLIENT SETNAME, ROLE and INFO of a server that suits.
inline const std::string kWelcome = "+OK\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n";

inline std::string command(std::initializer_list<std::string_view> arguments) {
  std::string out;
  append_command(out, arguments);
  return out;
}

inline std::string bulk(std::string_view text) {
  std::string out;
  append_argument(out, text);
  return out;
}

inline std::string acknowledged(std::string_view verb, std::string_view channel) {
  return "*3\r\n" + bulk(verb) + bulk(channel) + ":1\r\n";
}

inline std::string message(std::string_view channel, std::string_view payload) {
  return "*3\r\n" + bulk("message") + bulk(channel) + bulk(payload);
}

/// Drives a protocol with a clock of its own, which stands still unless told.
class Conversation {
 public:
  explicit Conversation(Protocol& protocol) : protocol_(protocol) {}

  /// Connects and completes the handshake; what that wrote is dropped.
  void establish() {
    std::string out;
    protocol_.connected(now, out);
    hear(kWelcome);
    sent = out.size();
  }
  void hear(const std::string& bytes) { fault = protocol_.feed(bytes, now); }
  /// One turn; gives what it wrote.
  std::string turn() {
    std::string out;
    fault = protocol_.turn(now, out);
    sent += out.size();
    return out;
  }
  std::string turn_after(Duration time) {
    now += time;
    return turn();
  }
  /// The link is lost after all that was written has left.
  void lose() { protocol_.lost(sent); }

  Time now = Time(std::chrono::hours(1));
  std::uint64_t sent = 0;
  std::optional<Fault> fault;

 private:
  Protocol& protocol_;
};

}  // namespace signalbox::redis
