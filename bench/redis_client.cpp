#include "bench/redis_client.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace signalbox::bench {

namespace {

constexpr std::string_view kScheme = "redis://";

void append_bulk(std::string& out, std::string_view word) {
  out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
}

sockaddr_in parse_url(const std::string& url) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const std::size_t colon = url.rfind(':');
  if (url.starts_with(kScheme) && colon > kScheme.size()) {
    std::string host = url.substr(kScheme.size(), colon - kScheme.size());
    if (host == "localhost") host = "127.0.0.1";
    std::uint16_t port = 0;
    std::from_chars(url.data() + colon + 1, url.data() + url.size(), port);
    address.sin_port = htons(port);
    if (port != 0 && inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1) return address;
  }
  throw std::runtime_error("not a redis://ADDRESS:PORT: " + url);
}

}  // namespace

int connect_redis(const std::string& url) {
  const sockaddr_in address = parse_url(url);
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    if (descriptor >= 0) close(descriptor);
    throw std::runtime_error(url + ": " + reason);
  }
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

RedisClient::RedisClient(const std::string& url) : descriptor_(connect_redis(url)) {}

RedisClient::~RedisClient() { close(descriptor_); }

// Redis reads on while replies wait, so sending all before reading any can't lock up.
std::uint64_t RedisClient::publish(std::span<const std::string> channels, std::size_t times, std::string_view payload) {
  std::string commands;
  for (const std::string& channel : channels) {
    std::string command = "*3\r\n$7\r\nPUBLISH\r\n";
    append_bulk(command, channel);
    append_bulk(command, payload);
    for (std::size_t i = 0; i < times; ++i) commands += command;
  }
  send(commands);
  std::uint64_t receivers = 0;
  for (std::size_t i = 0; i < channels.size() * times; ++i) receivers += static_cast<std::uint64_t>(read_number(':'));
  return receivers;
}

std::size_t RedisClient::subscribed(std::span<const std::string> channels) {
  std::string command("*");
  command.append(std::to_string(channels.size() + 2)).append("\r\n");
  append_bulk(command, "PUBSUB");
  append_bulk(command, "NUMSUB");
  for (const std::string& channel : channels) append_bulk(command, channel);
  send(command);
  std::size_t held = 0;
  for (std::int64_t entries = read_number('*') / 2; entries > 0; --entries) {
    read_bulk();
    if (read_number(':') > 0) ++held;
  }
  return held;
}

std::uint64_t RedisClient::channel_count() {
  constexpr std::string_view kField = "\npubsub_channels:";
  send("*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n");
  const std::string info = read_bulk();
  const std::size_t at = info.find(kField);
  std::uint64_t count = 0;
  if (at != std::string::npos) std::from_chars(info.data() + at + kField.size(), info.data() + info.size(), count);
  return count;
}

void RedisClient::send(std::string_view commands) {
  while (!commands.empty()) {
    const ssize_t sent = ::send(descriptor_, commands.data(), commands.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw std::runtime_error(std::string("Redis: ") + std::strerror(errno));
    commands.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Valid until the next read.
std::string_view RedisClient::read_line() {
  std::size_t end = received_.find("\r\n", taken_);
  while (end == std::string::npos) {
    fill();
    end = received_.find("\r\n", taken_);
  }
  const std::string_view line = std::string_view(received_).substr(taken_, end - taken_);
  taken_ = end + 2;
  return line;
}

std::int64_t RedisClient::read_number(char type) {
  const std::string_view line = read_line();
  std::int64_t number = 0;
  if (line.empty() || line[0] != type ||
      std::from_chars(line.data() + 1, line.data() + line.size(), number).ptr != line.data() + line.size()) {
    throw std::runtime_error("Redis answered: " + std::string(line));
  }
  return number;
}

std::string RedisClient::read_bulk() {
  const auto size = static_cast<std::size_t>(read_number('$'));
  while (received_.size() - taken_ < size + 2) fill();
  std::string bulk = received_.substr(taken_, size);
  taken_ += size + 2;
  return bulk;
}

void RedisClient::fill() {
  received_.erase(0, taken_);
  taken_ = 0;
  std::array<char, 64 * 1024> buffer;
  const ssize_t size = recv(descriptor_, buffer.data(), buffer.size(), 0);
  if (size <= 0 && !(size < 0 && errno == EINTR)) throw std::runtime_error("Redis closed the connection");
  if (size > 0) received_.append(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace signalbox::bench
