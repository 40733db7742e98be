// How many WebSockets each client address holds, or handshakes, for limits.connections_per_ip.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <boost/asio/ip/address.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

namespace signalbox {

/// What counts as one address: an IPv4 address, also where it comes mapped into IPv6, or the first 64 bits of an IPv6 address.
/// The other 64 are the client's own to choose: each would be a new limit.
enum class AddressKey : std::uint64_t {};

AddressKey address_key(const boost::asio::ip::address& address) noexcept;

/// An entry an address, gone with its last socket, counted even while there is no limit, so that one that a reload sets
/// finds the counts right. It takes 20 to 40 bytes, by the load of its table, as much again while that grows; the table never
/// shrinks.
///
/// Threading: any thread.
class AddressCounts {
 public:
  /// Counts one more socket; false if the address holds `limit` already. 0: no limit.
  bool add(AddressKey address, std::uint64_t limit);
  void remove(AddressKey address) noexcept;
  /// Addresses with a socket.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Stripe {
    mutable std::mutex mutex;
    boost::unordered_flat_map<std::uint64_t, std::uint32_t> counts;
  };
  [[nodiscard]] Stripe& stripe_of(AddressKey address) noexcept;

  std::array<Stripe, 64> stripes_;
};

}  // namespace signalbox
