// What nodes of a Redis Cluster say of its slots, and which of them to believe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "brokers/redis/resp.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

/// The word of one node.
struct ClusterMap {
  struct Range {
    std::uint16_t first;
    std::uint16_t last;  ///< included
    std::string id;      ///< of the master
    Endpoint master;
    std::uint64_t epoch = 0;  ///< of the master's configuration
  };
  std::vector<Range> ranges;
  std::vector<Endpoint> replicas;
  std::vector<std::string> ids;  ///< of all nodes that it knows
};

/// The reply to CLUSTER SLOTS, without epochs. asked: the host of the node that says it, which stands for a host that it does
/// not know. Nothing: it is no such reply.
std::optional<ClusterMap> read_slots(const redisReply& reply, const std::string& asked);

/// Adds epochs and ids, from the reply to CLUSTER NODES: CLUSTER SLOTS has them not.
void read_nodes(std::string_view nodes, ClusterMap& map);

/// Whether the node that answered CLUSTER NODES so sees too few masters to be one itself: as Redis counts in
/// clusterUpdateState(), those with slots and not more than half of them within reach.
[[nodiscard]] bool is_cut_off(std::string_view nodes);

/// Who owns the slot of each group's tag (hash_tags.hpp).
struct GroupOwners {
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  std::vector<Endpoint> nodes;        ///< those that own one
  std::vector<std::string> ids;       ///< of those: a master is the same wherever it is
  std::vector<std::size_t> owner;     ///< of each group, an index into nodes, or kNone
  std::vector<std::uint64_t> epochs;  ///< of each group's owner

  /// Of the same nodes in the same roles, whatever the epochs.
  [[nodiscard]] bool agrees(const GroupOwners& other) const { return nodes == other.nodes && owner == other.owner; }
};

/// Those that know one of the masters followed: what others say is of another cluster, to which one of our addresses belongs by
/// now. Where most of the nodes that were asked are of that one, it has been set up anew, and all are returned.
std::vector<const ClusterMap*> without_strangers(const GroupOwners& followed, const std::vector<const ClusterMap*>& said,
                                                 std::size_t asked);

/// Whom to follow from now on. Where nodes disagree about a slot, the master with the higher epoch is right: so they settle it
/// among themselves (Redis Cluster specification, "Hash slots configuration propagation"). A lower one than is followed, of a
/// node that was cut off, counts for nothing, unless most of the nodes that were asked have answered, and none of them what is
/// followed: the cluster has been set up anew. In the same way a master that is followed stays where it is as long as
/// one of them says so, or most have not answered: it may have several names, and may also have moved.
GroupOwners next_owners(const GroupOwners& followed, const std::vector<const ClusterMap*>& said, std::size_t asked);

}  // namespace signalbox::redis
