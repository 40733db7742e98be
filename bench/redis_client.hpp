// The back end's side of Redis at its barest: pipelined commands over one blocking socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace signalbox::bench {

/// A connected, blocking TCP socket that the caller closes; `url` as for RedisClient. Errors: std::runtime_error.
int connect_redis(const std::string& url);

/// Errors: std::runtime_error when the link breaks or Redis refuses a command.
/// Threading: one thread at a time.
class RedisClient {
 public:
  /// `url` is redis://HOST:PORT with an IPv4 address or "localhost".
  explicit RedisClient(const std::string& url);
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;
  ~RedisClient();

  /// Publishes `payload` `times` times in a row to each channel, all in one pipeline; the sum of the receivers Redis counted.
  std::uint64_t publish(std::span<const std::string> channels, std::size_t times, std::string_view payload);

  /// How many of the channels have a subscriber.
  std::size_t subscribed(std::span<const std::string> channels);

  /// How many channels have a subscriber, of anybody's. It costs Redis nothing.
  std::uint64_t channel_count();

 private:
  void send(std::string_view commands);
  std::string_view read_line();
  std::int64_t read_number(char type);
  std::string read_bulk();
  void fill();

  int descriptor_ = -1;
  std::string received_;
  std::size_t taken_ = 0;  // of received_
};

}  // namespace signalbox::bench
