// Several servers that know nothing of each other: each channel has one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

/// Rendezvous hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", IEEE/ACM Transactions on
/// Networking 6(1), 1998): a channel belongs to the server with the highest score for it. The order of the list does not
/// matter, and a server more or less moves only the channels that it gains or loses; jump hash (Lamping and Veach, 2014)
/// numbers its servers, so that the order is part of the agreement and only the last can go.
///
/// A server is known by the text of its host and port: every instance must write it alike.
class Shards final : public Topology {
 public:
  /// nodes: at least one, all different.
  explicit Shards(std::vector<Endpoint> nodes);

  [[nodiscard]] const std::vector<Endpoint>& nodes() const noexcept override { return nodes_; }
  [[nodiscard]] std::size_t groups() const noexcept override { return nodes_.size(); }
  [[nodiscard]] std::size_t group(std::string_view channel) const noexcept override;
  [[nodiscard]] std::size_t owner(std::size_t group) const noexcept override { return group; }

 private:
  std::vector<Endpoint> nodes_;
  std::vector<std::uint64_t> hashes_;  // of nodes_
};

}  // namespace signalbox::redis
