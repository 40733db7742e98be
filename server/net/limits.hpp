// How many sockets this process may hold, and the count of those it does.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/config/live_limits.hpp"
#include "server/net/address_counts.hpp"

namespace signalbox {

/// Shares the descriptors that the system allows among WebSockets, requests and the process itself.
///
/// Threading: any thread.
class SocketLimits {
 public:
  /// Kept for the HTTP API, so that a full house can still be published to and looked at.
  static constexpr std::uint64_t kForApi = 64;
  /// Kept for the log, the broker's connections, the API's listener and its event queue.
  static constexpr std::uint64_t kForProcess = 96;
  /// Kept for each shard: its listener, its event queue of three, and its io_uring.
  static constexpr std::uint64_t kForShard = 5;
  /// An address may have so many handshakes at once whatever limits.connections_per_ip is, so that who is refused can be told.
  static constexpr std::uint64_t kHandshakesOfAddress = 16;

  /// `descriptors`: what the process may open. Lifetime: `limits` outlives this.
  /// Errors: StartError where too few are left to work at all.
  SocketLimits(std::uint64_t descriptors, const LiveLimits& limits, unsigned shards);

  /// Most WebSockets at once: limits.connections, or as many as the descriptors allow.
  [[nodiscard]] std::uint64_t max_connections() const noexcept;
  [[nodiscard]] std::uint64_t descriptors() const noexcept { return descriptors_; }

  enum class Admission : std::uint8_t { admitted, full, address_full };
  /// Counts one more WebSocket from this address, or says which limit is reached: the instance's or the address's.
  Admission admit_connection(AddressKey address);
  void release_connection(AddressKey address) noexcept;

  /// Counts one more socket of this address that is no WebSocket yet, or has been refused and not closed; false if the address
  /// has limits.connections_per_ip of them already, and kHandshakesOfAddress.
  bool admit_handshake(AddressKey address);
  void release_handshake(AddressKey address) noexcept { handshakes_.remove(address); }

  /// Counts one more accepted socket on server.listen, WebSocket or not. Where false, accepting has to pause.
  bool take_socket() noexcept;
  void release_socket() noexcept { sockets_.fetch_sub(1, std::memory_order_relaxed); }

  /// The same for the API's listener, which has kForApi to itself and shares the rest: an eighth of it at most, so that back
  /// ends that keep connections by the hundred leave WebSockets their places.
  bool take_api_socket() noexcept;
  void release_api_socket() noexcept { api_sockets_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::uint64_t beyond_reserve(std::uint64_t api_sockets) const noexcept {
    return api_sockets > kForApi ? api_sockets - kForApi : 0;
  }

  const std::uint64_t descriptors_;
  const LiveLimits& limits_;
  std::uint64_t sockets_allowed_ = 0;
  AddressCounts addresses_;
  AddressCounts handshakes_;
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<std::uint64_t> sockets_{0};
  std::atomic<std::uint64_t> api_sockets_{0};
};

/// Raises the soft limit of open descriptors to the hard one and returns it.
std::uint64_t raise_descriptor_limit() noexcept;

}  // namespace signalbox
