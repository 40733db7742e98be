// The barest reader of Redis's pub/sub.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signalbox::bench {

/// Subscribes on a connection of its own and takes what is pushed. Nothing is checked but that it is a message.
///
/// Errors: std::runtime_error when the link breaks or Redis pushes anything else.
/// Threading: one thread.
class RedisSubscriber {
 public:
  /// Returns when Redis has answered for every channel: until then nothing may be published to them. `url` as for RedisClient.
  RedisSubscriber(const std::string& url, const std::vector<std::string>& channels);
  RedisSubscriber(const RedisSubscriber&) = delete;
  RedisSubscriber& operator=(const RedisSubscriber&) = delete;
  ~RedisSubscriber();

  /// Waits for bytes, and calls take(channel, payload) for each message that is complete with them.
  template <class Take>
  void read(const Take& take) {
    if (!std::exchange(unread_, false)) fill();
    std::string_view channel, payload;
    while (next(channel, payload)) take(channel, payload);
    keep_rest();
  }

 private:
  void subscribe(const std::vector<std::string>& channels);
  void pass_over(std::size_t lines);
  void fill();
  bool next(std::string_view& channel, std::string_view& payload);
  void keep_rest();

  int descriptor_;
  std::vector<char> buffer_;
  std::size_t held_ = 0;  // of buffer_
  std::string_view rest_;
  bool unread_ = false;  // rest_ may hold messages that came with the last answer to SUBSCRIBE
};

}  // namespace signalbox::bench
