#include "brokers/redis/cluster.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::redis {
namespace {

bool contains(const std::vector<Endpoint>& some, const Endpoint& one) {
  return std::find(some.begin(), some.end(), one) != some.end();
}

}  // namespace

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

bool Cluster::turn(Time now, Doubt doubt) {
  if (wrong_prefix_) return false;
  ask(now, doubt);
  if (!asking_since_) return false;
  turn_scouts(now);
  const Voices voices = hear(now);
  if (voices == voices_) return false;
  return decide(voices, now);
}

void Cluster::ask(Time now, Doubt doubt) {
  fresh_ = fresh_ || doubt == Doubt::fresh;
  if (fresh_ || doubt == Doubt::lasting || !whole() || (!asking_since_ && now - doubted_at_ >= kRound)) {
    if (!asking_since_ || (fresh_ && now - *asking_since_ >= kInterval)) ask_anew(now);
    doubted_at_ = now;
  } else if (asking_since_ && now - doubted_at_ >= kLinger) {
    close();
  }
}

/// What was said before the doubt does not settle it. A hearing that is still open goes on: many doubts must not make it last.
void Cluster::ask_anew(Time now) {
  asking_since_ = now;
  if (std::exchange(heard_, false)) hearing_at_ = now;
  fresh_ = false;
  send_scouts();
  for (const auto& scout : scouts_) scout->protocol.ask_again();
}

void Cluster::turn_scouts(Time now) {
  const Duration age = std::chrono::duration_cast<Duration>(now - *asking_since_);
  const Duration interval = std::min(age / 10, std::clamp<Duration>(age / 240, kYoungInterval, kOldInterval));
  for (const auto& scout : scouts_) {
    scout->protocol.set_interval(std::max(interval, kInterval));
    scout->connection.turn(now);
  }
}

Cluster::Voices Cluster::hear(Time now) {
  Voices voices;
  bool all = true;
  for (const auto& scout : scouts_) {
    voices.asked += is_known(scout->server.endpoint) || !scout->connection.fault();
    voices.said += scout->protocol.map().has_value();
    voices.times += scout->protocol.times_said();
    all = all && scout->has_answered();
  }
  heard_ = heard_ || all || now - hearing_at_ >= kHearing;
  voices.heard = heard_;
  return voices;
}

void Cluster::send_scouts() {
  for (const Endpoint& endpoint : options_.endpoints) send_scout(endpoint);
  for (const Endpoint& endpoint : owners_.nodes) send_scout(endpoint);
  for (const Endpoint& endpoint : named_) send_scout(endpoint);
}

void Cluster::send_scout(const Endpoint& endpoint) {
  const auto there = [&](const auto& scout) { return scout->server.endpoint == endpoint; };
  if (scouts_.size() >= kMostScouts || std::any_of(scouts_.begin(), scouts_.end(), there)) return;
  scouts_.push_back(std::make_unique<Scout>(options_, context_, endpoint, instance_id_));
}

/// Or not more than followed: a server that has been given another address is named by nobody.
bool Cluster::is_known(const Endpoint& endpoint) const {
  return contains(options_.endpoints, endpoint) || contains(named_, endpoint);
}

/// Asks those whose names are new, and no more those that are named no more and are not there. True: some are new.
bool Cluster::take_names(const std::vector<const ClusterMap*>& said) {
  if (said.empty()) return false;
  named_.clear();
  const auto name = [&](const Endpoint& endpoint) {
    if (!contains(named_, endpoint)) named_.push_back(endpoint);
  };
  for (const ClusterMap* map : said) {
    for (const ClusterMap::Range& range : map->ranges) name(range.master);
    for (const Endpoint& replica : map->replicas) name(replica);
  }
  std::erase_if(scouts_, [&](const auto& scout) {
    const Endpoint& endpoint = scout->server.endpoint;
    const bool followed = contains(owners_.nodes, endpoint);
    return scout->connection.fault() && !scout->protocol.map() && !followed && !is_known(endpoint);
  });
  const std::size_t before = scouts_.size();
  send_scouts();
  return scouts_.size() > before;
}

/// Before all have been heard, a higher epoch than is followed is right all the same.
bool Cluster::decide(Voices voices, Time now) {
  std::vector<const ClusterMap*> said;
  for (const auto& scout : scouts_) {
    if (const auto& map = scout->protocol.map(); map && !map->ranges.empty()) said.push_back(&*map);
  }
  said = without_strangers(owners_, said, voices.asked);
  if (take_names(said) && now - hearing_at_ < kHearing) voices.heard = heard_ = false;  // they are to be heard as well
  voices_ = voices;
  if (said.empty()) return false;
  if (!voices.heard && owners_.nodes.empty()) return false;
  GroupOwners owners = next_owners(owners_, said, voices.heard ? voices.asked : 2 * said.size());
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
  heard_ = true;
  voices_ = {};
}

}  // namespace signalbox::redis
