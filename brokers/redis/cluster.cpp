#include "brokers/redis/cluster.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::redis {

Cluster::Scout::Scout(const Options& options, ConnectionContext& context, const Endpoint& endpoint,
                      std::string_view instance_id)
    : server(context.io, endpoint),
      protocol(Handshake(options.login, "signalbox:" + std::string(instance_id) + ":scout", {}, Wanted::cluster_node),
               Protocol::kSilence, endpoint.host),
      connection(context, &server, protocol) {}

Cluster::Cluster(const Options& options, ConnectionContext& context, std::string_view instance_id, const std::string& prefix)
    : options_(options),
      context_(context),
      instance_id_(instance_id),
      tags_(prefix),
      wrong_prefix_(prefix.find('{') != std::string::npos) {}

bool Cluster::whole() const noexcept {
  return !owners_.nodes.empty() &&
         std::find(owners_.owner.begin(), owners_.owner.end(), GroupOwners::kNone) == owners_.owner.end();
}

bool Cluster::turn(Time now, bool doubt) {
  if (wrong_prefix_) return false;
  if (doubt || !whole() || (!asking_since_ && now - doubted_at_ >= kRound)) {
    if (!asking_since_ || now - doubted_at_ >= kInterval) begin_asking(now);
    doubted_at_ = now;
  } else if (asking_since_ && now - doubted_at_ >= kLinger) {
    close();
  }
  if (!asking_since_) return false;
  for (const Endpoint& endpoint : options_.endpoints) send_scout(endpoint);
  for (const Endpoint& endpoint : owners_.nodes) send_scout(endpoint);
  for (const Endpoint& endpoint : replicas_) send_scout(endpoint);
  bool all_said = true;
  const Duration age = std::chrono::duration_cast<Duration>(now - *asking_since_);
  for (const auto& scout : scouts_) {
    scout->protocol.set_interval(std::clamp<Duration>(age / 10, kInterval, kOldInterval));
    scout->connection.turn(now);
    all_said = all_said && (scout->protocol.map() || scout->connection.fault());
  }
  return (all_said || age >= kHearing) && decide();
}

/// What was said before the doubt does not settle it.
void Cluster::begin_asking(Time now) {
  asking_since_ = now;
  for (const auto& scout : scouts_) scout->protocol.ask_again();
}

void Cluster::send_scout(const Endpoint& endpoint) {
  const auto there = [&](const auto& scout) { return scout->server.endpoint == endpoint; };
  if (scouts_.size() >= kMostScouts || std::any_of(scouts_.begin(), scouts_.end(), there)) return;
  scouts_.push_back(std::make_unique<Scout>(options_, context_, endpoint, instance_id_));
}

bool Cluster::decide() {
  std::vector<const ClusterMap*> said;
  for (const auto& scout : scouts_) {
    if (const auto& map = scout->protocol.map(); map && !map->ranges.empty()) said.push_back(&*map);
  }
  if (said.empty()) return false;
  GroupOwners owners = believed(said);
  replicas_.clear();
  for (const ClusterMap* map : said) replicas_.insert(replicas_.end(), map->replicas.begin(), map->replicas.end());
  if (owners == owners_) return false;
  owners_ = std::move(owners);
  return true;
}

void Cluster::append_trouble(Trouble& trouble) const {
  if (wrong_prefix_) {
    return trouble.add(FaultKind::config, "",
                       "broker.channel_prefix holds a '{', which mode cluster needs for itself; take it out");
  }
  if (!owners_.nodes.empty()) {
    const auto none = std::find(owners_.owner.begin(), owners_.owner.end(), GroupOwners::kNone) - owners_.owner.begin();
    const std::string slot = std::to_string(HashTags::slot(static_cast<std::size_t>(none)));
    return trouble.add(FaultKind::lost, "cluster", "no master has slot " + slot);
  }
  for (const auto& scout : scouts_) {
    const std::string name = "cluster node " + scout->server.endpoint.text();
    const Connection& connection = scout->connection;
    if (scout->protocol.map()) {
      trouble.add(FaultKind::lost, name, "no slot of the cluster has a master");
    } else {
      const bool lost = connection.trouble_kind() == FaultKind::lost;
      trouble.add(connection.trouble_kind(), name, (lost ? "" : name + ": ") + connection.trouble());
    }
  }
}

void Cluster::close() {
  scouts_.clear();
  asking_since_.reset();
}

}  // namespace signalbox::redis
