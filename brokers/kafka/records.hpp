// What stands in the two topics. Numbers are little-endian; every name is length-prefixed, since a channel may hold any byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace signalbox::kafka {

/// The same in every instance, whatever built it: it decides who writes where.
[[nodiscard]] std::uint64_t hash(std::string_view bytes) noexcept;

/// A key of the presence topic: a route (`instance` holds `channel`) or, without a channel, the heartbeat of `instance`.
struct PresenceKey {
  std::string_view channel;
  std::string_view instance;
};
[[nodiscard]] std::string encode(const PresenceKey& key);
/// Views into `bytes`; nothing if they are not a key of this version.
[[nodiscard]] std::optional<PresenceKey> decode_presence_key(std::string_view bytes) noexcept;

/// The value of a route. Its tombstone is a record without a value.
struct Route {
  std::uint64_t incarnation = 0;
};
[[nodiscard]] std::string encode(const Route& route);
[[nodiscard]] std::optional<Route> decode_route(std::string_view bytes) noexcept;

/// The value of a heartbeat.
struct Heartbeat {
  std::uint64_t incarnation = 0;  ///< of two of one instance the later one has the greater
  std::uint64_t sequence = 0;
  std::uint32_t inbox = 0;       ///< the inbox partition that the instance reads, at most INT32_MAX
  bool farewell = false;         ///< the last one: it has stopped in order
  std::uint32_t partitions = 0;  ///< of the presence topic, as the instance has counted them
};
[[nodiscard]] std::string encode(const Heartbeat& heartbeat);
[[nodiscard]] std::optional<Heartbeat> decode_heartbeat(std::string_view bytes) noexcept;

/// Who wrote a message, and its number among all that it wrote.
struct Origin {
  std::uint64_t writer = 0;  ///< random for each start of a broker
  std::uint64_t number = 0;  ///< from 1 on; grows in each inbox, with gaps
};

/// The key of an inbox record, whose value is the payload; without a channel it is the heartbeat of the instance itself, whose
/// origin says nothing.
struct InboxKey {
  std::string_view instance;
  std::string_view channel;
  Origin origin;
};
[[nodiscard]] std::string encode(const InboxKey& key);
[[nodiscard]] std::optional<InboxKey> decode_inbox_key(std::string_view bytes) noexcept;

}  // namespace signalbox::kafka
