#include "brokers/redis/nodes.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace signalbox::redis {

Nodes::Nodes(ConnectionContext& context, Topology& topology, const NodeOptions& options, brokers::Budget& budget,
             SubscriberEvents& events)
    : context_(context), topology_(topology), options_(options), budget_(budget), events_(events) {
  const std::size_t count = std::max<std::size_t>(topology.nodes().size(), 1);
  for (std::size_t i = 0; i < count; ++i) add_place();
  for (std::size_t group = 0; group < topology.groups(); ++group) {
    place_of_.push_back(places_[topology.nodes().empty() ? 0 : topology.owner(group)].get());
  }
}

Nodes::Place& Nodes::add_place() {
  places_.push_back(std::make_unique<Place>(std::make_unique<Node>(context_, options_, budget_, events_)));
  return *places_.back();
}

/// A server stays where it stands. A new one takes the place of a server that is gone, if it has most of its groups: so it
/// does after a failover, and the place's channels stay there. Between other places channels are handed over.
void Nodes::arrange(Time now) {
  const std::vector<Endpoint>& nodes = topology_.nodes();
  if (nodes.empty()) return;
  Standing standing(nodes.size(), nullptr);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const auto& place : places_) {
      const Endpoint* present = place->node->endpoint();
      if (present && *present == nodes[i]) standing[i] = place.get();
    }
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (standing[i]) continue;
    standing[i] = heir(standing, i);
    if (!standing[i]) standing[i] = &add_place();
    standing[i]->node->move(nodes[i], now);
  }
  route(standing);
  leave_others(standing, now);
  settle_probes();
}

/// Of the places where none of the servers stands, that which holds most of what the node owns; nullptr: none holds any.
Nodes::Place* Nodes::heir(const Standing& standing, std::size_t node) const {
  Place* best = nullptr;
  std::ptrdiff_t most = 0;
  for (const auto& place : places_) {
    if (std::find(standing.begin(), standing.end(), place.get()) != standing.end()) continue;
    std::ptrdiff_t count = 0;
    for (std::size_t group = 0; group < place_of_.size(); ++group) {
      if (place_of_[group] == place.get() && topology_.owner(group) == node) ++count;
    }
    if (count > most) {
      best = place.get();
      most = count;
    }
  }
  return best;
}

/// A group that nobody owns stays where it was.
void Nodes::route(const Standing& standing) {
  Standing route = place_of_;
  for (std::size_t group = 0; group < route.size(); ++group) {
    if (const std::size_t owner = topology_.owner(group); owner < standing.size()) route[group] = standing[owner];
  }
  if (route != place_of_) hand_over(route);
}

void Nodes::hand_over(const Standing& route) {
  const Standing before = std::exchange(place_of_, route);
  std::vector<bool> leaves(before.size());
  for (std::size_t group = 0; group < before.size(); ++group) leaves[group] = before[group] != place_of_[group];
  std::vector<Node::Handed> all;
  for (const auto& place : places_) {
    std::size_t group = 0;
    while (group < before.size() && !(leaves[group] && before[group] == place.get())) ++group;
    if (group == before.size()) continue;  // none of its
    auto some = place->node->give_up([&](std::string_view name) { return leaves[topology_.group(name)]; });
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  // Lists of calls are in the order of deadlines, and as long as there are calls: in another order each would have to make
  // room.
  std::sort(all.begin(), all.end(),
            [](const auto& one, const auto& other) { return one.first_deadline() < other.first_deadline(); });
  for (Node::Handed& handed : all) of(handed.name).node->take_in(std::move(handed));
}

void Nodes::leave_others(const Standing& standing, Time now) {
  for (const auto& place : places_) {
    const bool stays = std::find(standing.begin(), standing.end(), place.get()) != standing.end();
    if (!stays && place->node->endpoint()) place->node->leave(now);
  }
}

void Nodes::settle_probes() {
  if (!topology_.tags()) return;
  for (const auto& place : places_) {
    if (place->home && place_of_[*place->home] == place.get()) continue;
    const auto last = std::find(place_of_.rbegin(), place_of_.rend(), place.get());  // a reshard takes the first
    place->home.reset();
    if (last == place_of_.rend()) continue;
    place->home = static_cast<std::size_t>(place_of_.rend() - last) - 1;
    place->node->set_home(*place->home);
  }
}

bool Nodes::turn(Time now) {
  bool fresh = std::exchange(unsettled_, false);
  for (const auto& place : places_) fresh = place->node->take_redirected() || fresh;
  const Doubt doubt = fresh ? Doubt::fresh : all_settled() ? Doubt::none : Doubt::lasting;
  const bool changed = topology_.turn(now, doubt);
  if (!std::exchange(arranged_, true) || changed) arrange(now);
  for (const auto& place : places_) place->node->turn(now);
  forget_empty_places();
  return changed;
}

bool Nodes::is_empty(const Place& place) const noexcept { return !place.node->endpoint() && !topology_.nodes().empty(); }

void Nodes::forget_empty_places() {
  std::erase_if(places_, [this](const std::unique_ptr<Place>& place) {
    return is_empty(*place) && place->node->at_rest() &&
           std::find(place_of_.begin(), place_of_.end(), place.get()) == place_of_.end();
  });
}

bool Nodes::all_settled() const noexcept {
  return topology_.whole() &&
         std::all_of(places_.begin(), places_.end(), [this](const auto& place) { return place->settled || is_empty(*place); });
}

bool Nodes::look(Trouble& trouble) {
  for (const auto& place : places_) {
    const bool settled = place->node->settled();
    if (std::exchange(place->settled, settled) && !settled) unsettled_ = true;
    place->serving = several() ? place->node->connected() : place->settled;
    place->reason.clear();
    if (place->settled || is_empty(*place)) continue;
    Trouble own;
    place->node->append_trouble(own);
    if (!place->node->endpoint()) {
      topology_.append_trouble(own);
    } else if (std::string warning = topology_.warning(); !warning.empty()) {
      own.reasons.push_back(std::move(warning));
    }
    if (!own.reasons.empty()) place->reason = own.reasons.front();
    trouble.append(std::move(own));
  }
  if (!topology_.nodes().empty() && !topology_.whole()) topology_.append_trouble(trouble);
  return all_settled();
}

bool Nodes::at_rest() const noexcept {
  return topology_.at_rest() &&
         std::all_of(places_.begin(), places_.end(), [](const auto& place) { return place->node->at_rest(); });
}

bool Nodes::lost_a_link() const noexcept {
  return std::any_of(places_.begin(), places_.end(), [](const auto& place) { return place->node->lost_a_link(); });
}

void Nodes::drain() {
  topology_.close();
  for (const auto& place : places_) place->node->drain();
}

bool Nodes::drain_turn(Time now) {
  bool drained = true;
  for (const auto& place : places_) drained = place->node->drain_turn(now) && drained;
  return drained;
}

void Nodes::close() {
  topology_.close();
  for (const auto& place : places_) place->node->close();
}

}  // namespace signalbox::redis
