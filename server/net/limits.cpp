#include "server/net/limits.hpp"

#include <algorithm>
#include <string>

#include <sys/resource.h>

#include "core/fault.hpp"

namespace signalbox {
namespace {

/// Sockets beyond the WebSockets for handshakes under way and for those that get their 503.
std::uint64_t for_handshakes(std::uint64_t sockets) { return std::clamp<std::uint64_t>(sockets / 8, 4, 256); }

}  // namespace

SocketLimits::SocketLimits(std::uint64_t descriptors, const LiveLimits& limits, unsigned shards)
    : descriptors_(descriptors), limits_(limits) {
  const std::uint64_t reserved = kForApi + kForProcess + kForShard * shards;
  const std::uint64_t least = reserved + 16;
  if (descriptors < least) {
    throw StartError("open files are limited to " + std::to_string(descriptors) + ", at least " + std::to_string(least) +
                     " are needed: raise the limit (ulimit -n, LimitNOFILE)");
  }
  sockets_allowed_ = descriptors - reserved;
}

std::uint64_t SocketLimits::max_connections() const noexcept {
  const std::uint64_t possible = sockets_allowed_ - for_handshakes(sockets_allowed_);
  const std::uint64_t configured = limits_.connections;
  return configured == 0 ? possible : std::min(possible, configured);
}

SocketLimits::Admission SocketLimits::admit_connection(AddressKey address) {
  if (!addresses_.add(address, limits_.connections_per_ip)) return Admission::address_full;
  if (connections_.fetch_add(1, std::memory_order_relaxed) < max_connections()) return Admission::admitted;
  release_connection(address);
  return Admission::full;
}

bool SocketLimits::admit_handshake(AddressKey address) {
  const std::uint64_t limit = limits_.connections_per_ip;
  return handshakes_.add(address, limit == 0 ? 0 : std::max(limit, kHandshakesOfAddress));
}

void SocketLimits::release_connection(AddressKey address) noexcept {
  addresses_.remove(address);
  connections_.fetch_sub(1, std::memory_order_relaxed);
}

bool SocketLimits::take_socket() noexcept {
  const std::uint64_t others = beyond_reserve(api_sockets_.load(std::memory_order_relaxed));
  if (sockets_.fetch_add(1, std::memory_order_relaxed) + others < sockets_allowed_) return true;
  release_socket();
  return false;
}

bool SocketLimits::take_api_socket() noexcept {
  const std::uint64_t mine = api_sockets_.fetch_add(1, std::memory_order_relaxed) + 1;
  const std::uint64_t shared = beyond_reserve(mine);
  const bool in_bounds =
      shared <= sockets_allowed_ / 8 && sockets_.load(std::memory_order_relaxed) + shared <= sockets_allowed_;
  if (shared == 0 || in_bounds) return true;
  release_api_socket();
  return false;
}

std::uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace signalbox
