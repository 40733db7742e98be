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
    all_said = all_said && scout->has_said();
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
  GroupOwners owners = next_owners(owners_, said, scouts_.size());
  replicas_.clear();
  for (const ClusterMap* map : said) replicas_.insert(replicas_.end(), map->replicas.begin(), map->replicas.end());
  const bool changed = !owners.agrees(owners_);
  owners_ = std::move(owners);
  return changed;
}

/// What one says is wrong is no verdict while another may still know better.
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
  const bool all_said = std::all_of(scouts_.begin(), scouts_.end(), [](const auto& scout) { return scout->has_said(); });
  for (const auto& scout : scouts_) {
    const std::string name = "cluster node " + scout->server.endpoint.text();
    const bool knows = scout->protocol.map().has_value();
    const std::string text = knows ? "no slot of the cluster has a master" : scout->connection.trouble();
    const FaultKind kind = knows || !all_said ? FaultKind::lost : scout->connection.trouble_kind();
    trouble.add(kind, name, kind == FaultKind::lost ? text : name + ": " + text);
  }
}

void Cluster::close() {
  scouts_.clear();
  asking_since_.reset();
}

}  // namespace signalbox::redis
