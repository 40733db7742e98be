#include "brokers/redis/cluster_map.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

#include "brokers/redis/hash_tags.hpp"
#include "brokers/redis/number.hpp"

namespace signalbox::redis {
namespace {

bool is_array(const redisReply& reply, std::size_t least) { return reply.type == REDIS_REPLY_ARRAY && reply.elements >= least; }

/// Of [host, port, id, …]. The host is nil or "?" where cluster-preferred-endpoint-type leaves it to the client, and empty
/// where the node has not learnt its own.
std::optional<Endpoint> read_endpoint(const redisReply& node, const std::string& asked) {
  if (!is_array(node, 3) || node.element[1]->type != REDIS_REPLY_INTEGER) return std::nullopt;
  const long long port = node.element[1]->integer;
  if (port < 1 || port > 65535) return std::nullopt;
  const std::string_view host = text(*node.element[0]);
  return Endpoint{host.empty() || host == "?" ? asked : std::string(host), static_cast<std::uint16_t>(port)};
}

bool read_range(const redisReply& range, const std::string& asked, ClusterMap& map) {
  if (!is_array(range, 3) || range.element[0]->type != REDIS_REPLY_INTEGER || range.element[1]->type != REDIS_REPLY_INTEGER) {
    return false;
  }
  const long long first = range.element[0]->integer;
  const long long last = range.element[1]->integer;
  const std::optional<Endpoint> master = read_endpoint(*range.element[2], asked);
  if (first < 0 || first > last || last >= static_cast<long long>(kSlots) || !master) return false;
  map.ranges.push_back({static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last),
                        std::string(text(*range.element[2]->element[2])), *master, 0});
  for (std::size_t i = 3; i < range.elements; ++i) {
    const std::optional<Endpoint> replica = read_endpoint(*range.element[i], asked);
    if (!replica) return false;
    if (std::find(map.replicas.begin(), map.replicas.end(), *replica) == map.replicas.end()) map.replicas.push_back(*replica);
  }
  return true;
}

struct Claim {
  const std::string* id = nullptr;  // nullptr: nobody's
  std::uint64_t epoch = 0;
};
using Claims = std::vector<Claim>;  // of each group

Claims claims_of(const GroupOwners& followed) {
  Claims claims(HashTags::kGroups);
  for (std::size_t group = 0; group < followed.owner.size(); ++group) {
    const std::size_t owner = followed.owner[group];
    if (owner != GroupOwners::kNone) claims[group] = {&followed.ids[owner], followed.epochs[group]};
  }
  return claims;
}

/// Calls visit(group, range) for each group whose slot is claimed.
template <class Visit>
void for_each_claim(const std::vector<const ClusterMap*>& said, Visit visit) {
  for (const ClusterMap* map : said) {
    for (const ClusterMap::Range& range : map->ranges) {
      for (std::size_t group = range.first / HashTags::kSlotsEach; group <= range.last / HashTags::kSlotsEach; ++group) {
        const std::uint16_t slot = HashTags::slot(group);
        if (slot >= range.first && slot <= range.last) visit(group, range);
      }
    }
  }
}

/// Those that are still made.
Claims confirmed(Claims claims, const std::vector<const ClusterMap*>& said) {
  std::vector<bool> made(claims.size(), false);
  for_each_claim(said, [&](std::size_t group, const ClusterMap::Range& range) {
    const Claim& claim = claims[group];
    if (claim.id && range.id == *claim.id && range.epoch >= claim.epoch) made[group] = true;
  });
  for (std::size_t group = 0; group < claims.size(); ++group) {
    if (!made[group]) claims[group] = {};
  }
  return claims;
}

using Places = std::map<std::string_view, const Endpoint*>;  // of masters by their ids

Places places_of(const GroupOwners& followed, const std::vector<const ClusterMap*>& said, bool most) {
  Places former, places;
  for (std::size_t i = 0; i < followed.nodes.size(); ++i) former[followed.ids[i]] = &followed.nodes[i];
  if (!most) places = former;
  for (const ClusterMap* map : said) {
    for (const ClusterMap::Range& range : map->ranges) {
      const auto before = former.find(range.id);
      const bool stays = before != former.end() && *before->second == range.master;
      const auto [place, first] = places.try_emplace(range.id, &range.master);
      if (stays && !first) place->second = &range.master;
    }
  }
  return places;
}

/// Of a line of CLUSTER NODES: id, address, flags, master, ping, pong, epoch, link, and the first of its slots.
using NodeFields = std::array<std::string_view, 9>;

/// flags: with commas between them.
bool has_flag(std::string_view flags, std::string_view flag) {
  for (std::string_view one; !flags.empty(); flags.remove_prefix(std::min(one.size() + 1, flags.size()))) {
    one = flags.substr(0, flags.find(','));
    if (one == flag) return true;
  }
  return false;
}

template <class Visit>
void for_each_node(std::string_view nodes, Visit visit) {
  while (!nodes.empty()) {
    std::string_view line = nodes.substr(0, nodes.find('\n'));
    nodes.remove_prefix(std::min(line.size() + 1, nodes.size()));
    NodeFields fields;
    for (std::string_view& field : fields) {
      field = line.substr(0, line.find(' '));
      line.remove_prefix(std::min(field.size() + 1, line.size()));
    }
    visit(fields);
  }
}

}  // namespace

std::optional<ClusterMap> read_slots(const redisReply& reply, const std::string& asked) {
  if (reply.type != REDIS_REPLY_ARRAY) return std::nullopt;
  ClusterMap map;
  for (std::size_t i = 0; i < reply.elements; ++i) {
    if (!read_range(*reply.element[i], asked, map)) return std::nullopt;
  }
  return map;
}

void read_nodes(std::string_view nodes, ClusterMap& map) {
  std::unordered_map<std::string_view, std::uint64_t> epochs;
  for_each_node(nodes, [&](const NodeFields& fields) {
    if (const auto epoch = number<std::uint64_t>(fields[6])) epochs[fields[0]] = *epoch;
  });
  for (const auto& [id, epoch] : epochs) map.ids.emplace_back(id);
  for (ClusterMap::Range& range : map.ranges) {
    if (const auto found = epochs.find(range.id); found != epochs.end()) range.epoch = found->second;
  }
}

bool is_cut_off(std::string_view nodes) {
  std::size_t masters = 0;
  std::size_t in_reach = 0;
  for_each_node(nodes, [&](const NodeFields& fields) {
    const bool has_slots = !fields[8].empty() && fields[8].front() != '[';  // which are on their way to it
    if (!has_slots || !has_flag(fields[2], "master")) return;
    ++masters;
    if (!has_flag(fields[2], "fail") && !has_flag(fields[2], "fail?")) ++in_reach;
  });
  return masters > 0 && 2 * in_reach <= masters;
}

std::vector<const ClusterMap*> without_strangers(const GroupOwners& followed, const std::vector<const ClusterMap*>& said,
                                                 std::size_t asked) {
  const auto is_followed = [&](const std::string& id) {
    return std::find(followed.ids.begin(), followed.ids.end(), id) != followed.ids.end();
  };
  std::vector<const ClusterMap*> known;
  std::copy_if(said.begin(), said.end(), std::back_inserter(known), [&](const ClusterMap* map) {
    return followed.ids.empty() || std::any_of(map->ids.begin(), map->ids.end(), is_followed);
  });
  return 2 * (said.size() - known.size()) > asked ? said : known;
}

GroupOwners next_owners(const GroupOwners& followed, const std::vector<const ClusterMap*>& said, std::size_t asked) {
  const bool most = 2 * said.size() > asked;
  Claims claims = most ? confirmed(claims_of(followed), said) : claims_of(followed);
  for_each_claim(said, [&](std::size_t group, const ClusterMap::Range& range) {
    Claim& claim = claims[group];
    if (!claim.id || range.epoch > claim.epoch) claim = {&range.id, range.epoch};
  });
  const Places places = places_of(followed, said, most);
  GroupOwners owners;
  for (const Claim& claim : claims) {
    owners.epochs.push_back(claim.epoch);
    if (!claim.id) {
      owners.owner.push_back(GroupOwners::kNone);
      continue;
    }
    const auto known = std::find(owners.ids.begin(), owners.ids.end(), *claim.id);
    owners.owner.push_back(static_cast<std::size_t>(known - owners.ids.begin()));
    if (known != owners.ids.end()) continue;
    owners.ids.push_back(*claim.id);
    owners.nodes.push_back(*places.at(*claim.id));
  }
  return owners;
}

}  // namespace signalbox::redis
