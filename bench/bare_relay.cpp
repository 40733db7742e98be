#include "bench/bare_relay.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <sys/socket.h>

#include "bench/redis_client.hpp"
#include "websocket/frame.hpp"

namespace signalbox::bench {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kChannelsPerCommand = 512;
constexpr std::string_view kMessage = "*3\r\n$7\r\nmessage\r\n";

std::string subscribe_command(const std::vector<std::string>& channels, std::size_t first, std::size_t count) {
  std::string command = "*" + std::to_string(count + 1) + "\r\n$9\r\nSUBSCRIBE\r\n";
  for (std::size_t i = first; i < first + count; ++i) {
    command.append("$").append(std::to_string(channels[i].size())).append("\r\n").append(channels[i]).append("\r\n");
  }
  return command;
}

void send_whole(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) throw std::runtime_error(std::string("send: ") + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
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

std::size_t number_at_end(std::string_view channel) {
  const std::size_t first = channel.find_last_not_of("0123456789") + 1;
  std::size_t number = 0;
  std::from_chars(channel.data() + first, channel.data() + channel.size(), number);
  return number;
}

// Relays what is complete and returns how much that was.
std::size_t relay(std::string_view bytes, const std::vector<int>& sockets, std::size_t stride, std::string& frame) {
  const std::size_t size = bytes.size();
  for (;;) {
    std::string_view rest = bytes;
    std::string_view channel, payload;
    if (rest.size() <= kMessage.size()) return size - bytes.size();
    if (!rest.starts_with(kMessage)) throw std::runtime_error("Redis pushed what is no message");
    rest.remove_prefix(kMessage.size());
    if (!take_bulk(rest, channel) || rest.empty() || !take_bulk(rest, payload)) return size - bytes.size();
    frame.clear();
    websocket::append_frame(frame, websocket::Opcode::text, payload);
    send_whole(sockets[number_at_end(channel) / stride], frame);
    bytes = rest;
  }
}

}  // namespace

int relay_messages(BareListener& listener, const std::string& redis_url, const std::vector<std::string>& channels,
                   std::size_t stride) {
  std::vector<int> sockets;
  while (sockets.size() < channels.size()) sockets.push_back(listener.accept_one());
  const int redis = connect_redis(redis_url);
  std::vector<char> buffer(kReadBytes);
  // The answers to SUBSCRIBE, three elements each, are passed over by their number of lines.
  for (std::size_t first = 0; first < channels.size(); first += kChannelsPerCommand) {
    const std::size_t count = std::min(kChannelsPerCommand, channels.size() - first);
    send_whole(redis, subscribe_command(channels, first, count));
    for (std::size_t lines = count * 6; lines > 0;) {
      const ssize_t got = recv(redis, buffer.data(), buffer.size(), 0);
      if (got <= 0) throw std::runtime_error("Redis closed the connection");
      lines -= static_cast<std::size_t>(std::count(buffer.data(), buffer.data() + got, '\n'));
    }
  }
  std::string frame;
  for (std::size_t held = 0;;) {
    const ssize_t got = recv(redis, buffer.data() + held, buffer.size() - held, 0);
    if (got <= 0) throw std::runtime_error("Redis closed the connection");
    held += static_cast<std::size_t>(got);
    const std::size_t taken = relay({buffer.data(), held}, sockets, stride, frame);
    std::memmove(buffer.data(), buffer.data() + taken, held - taken);
    held -= taken;
  }
}

}  // namespace signalbox::bench
