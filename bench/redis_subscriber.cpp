#include "bench/redis_subscriber.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

#include "bench/bare.hpp"
#include "bench/redis_client.hpp"

namespace signalbox::bench {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kChannelsPerCommand = 512;
constexpr std::size_t kLinesPerAnswer = 6;  // an array of two bulk strings and a number
constexpr std::string_view kMessage = "*3\r\n$7\r\nmessage\r\n";

std::string subscribe_command(const std::vector<std::string>& channels, std::size_t first, std::size_t count) {
  std::string command = "*" + std::to_string(count + 1) + "\r\n$9\r\nSUBSCRIBE\r\n";
  for (std::size_t i = first; i < first + count; ++i) {
    command.append("$").append(std::to_string(channels[i].size())).append("\r\n").append(channels[i]).append("\r\n");
  }
  return command;
}

// Takes a bulk string from the front; false, and nothing taken, where it is not complete.
bool take_bulk(std::string_view& bytes, std::string_view& bulk) {
  std::size_t size = 0;
  const char* digits = bytes.data() + 1;
  const auto end = std::from_chars(digits, bytes.data() + bytes.size(), size).ptr;
  const auto start = static_cast<std::size_t>(end - bytes.data()) + 2;
  if (bytes.size() < start + size + 2) return false;
  bulk = bytes.substr(start, size);
  bytes.remove_prefix(start + size + 2);
  return true;
}

}  // namespace

RedisSubscriber::RedisSubscriber(const std::string& url, const std::vector<std::string>& channels)
    : descriptor_(connect_redis(url)), buffer_(kReadBytes) {
  subscribe(channels);
}

RedisSubscriber::~RedisSubscriber() { close(descriptor_); }

// Redis pushes what is published as soon as it has taken a SUBSCRIBE, so messages may stand right behind the last answer.
void RedisSubscriber::subscribe(const std::vector<std::string>& channels) {
  for (std::size_t first = 0; first < channels.size(); first += kChannelsPerCommand) {
    const std::size_t count = std::min(kChannelsPerCommand, channels.size() - first);
    send_whole(descriptor_, subscribe_command(channels, first, count));
    pass_over(count * kLinesPerAnswer);
  }
  keep_rest();
  unread_ = held_ > 0;
}

void RedisSubscriber::pass_over(std::size_t lines) {
  for (; lines > 0; --lines) {
    std::size_t end = 0;
    while ((end = rest_.find('\n')) == std::string_view::npos) {
      keep_rest();
      fill();
    }
    rest_.remove_prefix(end + 1);
  }
}

void RedisSubscriber::fill() {
  const ssize_t got = recv(descriptor_, buffer_.data() + held_, buffer_.size() - held_, 0);
  if (got <= 0) throw std::runtime_error("Redis closed the connection");
  held_ += static_cast<std::size_t>(got);
  rest_ = {buffer_.data(), held_};
}

bool RedisSubscriber::next(std::string_view& channel, std::string_view& payload) {
  if (rest_.size() <= kMessage.size()) return false;
  if (!rest_.starts_with(kMessage)) throw std::runtime_error("Redis pushed what is no message");
  std::string_view bytes = rest_.substr(kMessage.size());
  if (!take_bulk(bytes, channel) || bytes.empty() || !take_bulk(bytes, payload)) return false;
  rest_ = bytes;
  return true;
}

void RedisSubscriber::keep_rest() {
  std::copy(rest_.begin(), rest_.end(), buffer_.begin());
  held_ = rest_.size();
  rest_ = {buffer_.data(), held_};
}

}  // namespace signalbox::bench
