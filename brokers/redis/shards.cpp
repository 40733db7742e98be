#include "brokers/redis/shards.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::redis {
namespace {

// Part of what instances agree on, of any version and platform: never to be changed.

/// FNV-1a, 64 bits.
std::uint64_t hash(std::string_view text) noexcept {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

/// The finalizer of MurmurHash3, 64 bits: each bit of the result depends on all of the value.
std::uint64_t mixed(std::uint64_t value) noexcept {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53;
  return value ^ (value >> 33);
}

}  // namespace

Shards::Shards(std::vector<Endpoint> nodes) : nodes_(std::move(nodes)) {
  for (const Endpoint& node : nodes_) hashes_.push_back(mixed(hash(node.text())));
}

std::size_t Shards::group(std::string_view channel) const noexcept {
  const std::uint64_t name = hash(channel);
  const auto lower = [name](std::uint64_t one, std::uint64_t other) { return mixed(name ^ one) < mixed(name ^ other); };
  return static_cast<std::size_t>(std::max_element(hashes_.begin(), hashes_.end(), lower) - hashes_.begin());
}

}  // namespace signalbox::redis
