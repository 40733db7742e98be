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

/// The reply to ROLE, and the replies to CLIENT SETNAME, ROLE and INFO of a server that suits.
inline const std::string kMaster = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
inline const std::string kWelcome = "+OK\r\n" + kMaster + "$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n";

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

/// Calls visit(const redisReply&) for each command in what was written: commands have the form of replies.
template <class Visit>
void for_each_command(std::string_view written, Visit visit) {
  ReplyReader reader;
  Reply reply;
  while (!written.empty()) {
    const std::string_view piece = written.substr(0, ReplyReader::kFeedBytes);
    written.remove_prefix(piece.size());
    if (!reader.feed(piece)) return;
    while (reader.next(reply) == ReplyReader::Next::reply) visit(*reply);
  }
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

  /// Of a call that is made now: its time is 2 s.
  [[nodiscard]] Time deadline() const { return now + Duration(1950); }

  Time now = Time(std::chrono::hours(1));
  std::uint64_t sent = 0;
  std::optional<Fault> fault;

 private:
  Protocol& protocol_;
};

}  // namespace signalbox::redis
