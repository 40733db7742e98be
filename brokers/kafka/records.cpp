#include "brokers/kafka/records.hpp"

#include <cstddef>

namespace signalbox::kafka {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kLengthBytes = 2;

void append_number(std::string& bytes, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(number >> (8 * i) & 0xff));
}

std::uint64_t read_number(std::string_view bytes) noexcept {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) number = number << 8 | static_cast<unsigned char>(bytes[i - 1]);
  return number;
}

/// Version, length of the first, the first, the second.
std::string encode_two(std::string_view first, std::string_view second) {
  std::string bytes;
  bytes.reserve(1 + kLengthBytes + first.size() + second.size());
  bytes.push_back(kVersion);
  append_number(bytes, first.size(), kLengthBytes);
  return bytes.append(first).append(second);
}

struct Two {
  std::string_view first;
  std::string_view second;
};
std::optional<Two> decode_two(std::string_view bytes) noexcept {
  if (bytes.size() < 1 + kLengthBytes || bytes.front() != kVersion) return std::nullopt;
  const std::size_t length = read_number(bytes.substr(1, kLengthBytes));
  bytes.remove_prefix(1 + kLengthBytes);
  if (bytes.size() < length) return std::nullopt;
  return Two{bytes.substr(0, length), bytes.substr(length)};
}

constexpr std::size_t kRouteBytes = 1 + 8;
constexpr std::size_t kOriginBytes = 8 + 8;
constexpr std::size_t kHeartbeatBytes = 1 + 8 + 8 + 4 + 1 + 4;

/// Longer values are of a later version that has appended to this one.
bool is_value(std::string_view bytes, std::size_t size) noexcept { return bytes.size() >= size && bytes.front() == kVersion; }

}  // namespace

std::uint64_t hash(std::string_view bytes) noexcept {
  std::uint64_t value = 0xcbf29ce484222325;  // FNV-1a
  for (const char byte : bytes) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return value ^ value >> 32;
}

std::string encode(const PresenceKey& key) { return encode_two(key.channel, key.instance); }

std::optional<PresenceKey> decode_presence_key(std::string_view bytes) noexcept {
  const auto two = decode_two(bytes);
  if (!two || two->second.empty()) return std::nullopt;
  return PresenceKey{two->first, two->second};
}

std::string encode(const Route& route) {
  std::string bytes(1, kVersion);
  append_number(bytes, route.incarnation, 8);
  return bytes;
}

std::optional<Route> decode_route(std::string_view bytes) noexcept {
  if (!is_value(bytes, kRouteBytes)) return std::nullopt;
  return Route{read_number(bytes.substr(1, 8))};
}

std::string encode(const Heartbeat& heartbeat) {
  std::string bytes(1, kVersion);
  append_number(bytes, heartbeat.incarnation, 8);
  append_number(bytes, heartbeat.sequence, 8);
  append_number(bytes, heartbeat.inbox, 4);
  bytes.push_back(heartbeat.farewell ? 1 : 0);
  append_number(bytes, heartbeat.partitions, 4);
  return bytes;
}

std::optional<Heartbeat> decode_heartbeat(std::string_view bytes) noexcept {
  if (!is_value(bytes, kHeartbeatBytes)) return std::nullopt;
  const auto inbox = static_cast<std::uint32_t>(read_number(bytes.substr(17, 4)));
  if (inbox > INT32_MAX) return std::nullopt;
  return Heartbeat{read_number(bytes.substr(1, 8)), read_number(bytes.substr(9, 8)), inbox, bytes[21] != 0,
                   static_cast<std::uint32_t>(read_number(bytes.substr(22, 4)))};
}

std::string encode(const InboxKey& key) {
  std::string bytes = encode_two(key.instance, {});
  append_number(bytes, key.origin.writer, 8);
  append_number(bytes, key.origin.number, 8);
  return bytes.append(key.channel);
}

std::optional<InboxKey> decode_inbox_key(std::string_view bytes) noexcept {
  const auto two = decode_two(bytes);
  if (!two || two->first.empty() || two->second.size() < kOriginBytes) return std::nullopt;
  const Origin origin{read_number(two->second.substr(0, 8)), read_number(two->second.substr(8, 8))};
  return InboxKey{two->first, two->second.substr(kOriginBytes), origin};
}

}  // namespace signalbox::kafka
