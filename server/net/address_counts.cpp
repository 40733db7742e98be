#include "server/net/address_counts.hpp"

#include <algorithm>
#include <cassert>

namespace signalbox {

/// An IPv4 address stands in the lower 32 bits. Nobody's IPv6 address begins with 32 zero bits (RFC 4291: ::/8 is reserved) but
/// the loopback's, ::1, which so counts as 0.0.0.0.
AddressKey address_key(const boost::asio::ip::address& address) noexcept {
  namespace ip = boost::asio::ip;
  if (address.is_v4()) return AddressKey{address.to_v4().to_uint()};
  const ip::address_v6 v6 = address.to_v6();
  const ip::address_v6::bytes_type bytes = v6.to_bytes();
  const bool mapped = v6.is_v4_mapped();
  std::uint64_t key = 0;
  std::for_each(bytes.begin() + (mapped ? 12 : 0), bytes.begin() + (mapped ? 16 : 8),
                [&](unsigned char byte) { key = key << 8 | byte; });
  return AddressKey{key};
}

AddressCounts::Stripe& AddressCounts::stripe_of(AddressKey address) noexcept {
  // Neighbours differ in their lowest bits only, wherever in the key those are.
  std::uint64_t mixed = static_cast<std::uint64_t>(address) * 0x9E3779B97F4A7C15U;  // 2^64 / golden ratio: Fibonacci hashing
  return stripes_[mixed >> 58];
}

bool AddressCounts::add(AddressKey address, std::uint64_t limit) {
  Stripe& stripe = stripe_of(address);
  const std::lock_guard lock(stripe.mutex);
  std::uint32_t& count = stripe.counts[static_cast<std::uint64_t>(address)];
  if (limit != 0 && count >= limit) return false;  // so it is not 0: no entry was made
  ++count;
  return true;
}

void AddressCounts::remove(AddressKey address) noexcept {
  Stripe& stripe = stripe_of(address);
  const std::lock_guard lock(stripe.mutex);
  const auto it = stripe.counts.find(static_cast<std::uint64_t>(address));
  assert(it != stripe.counts.end());
  if (--it->second == 0) stripe.counts.erase(it);
}

std::size_t AddressCounts::size() const {
  std::size_t total = 0;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    total += stripe.counts.size();
  }
  return total;
}

}  // namespace signalbox
