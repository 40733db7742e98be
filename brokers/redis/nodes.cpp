#include "brokers/redis/nodes.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::redis {

Nodes::Nodes(ConnectionContext& context, Topology& topology, const NodeOptions& options, brokers::Budget& budget,
             SubscriberEvents& events)
    : topology_(topology), place_of_(topology.groups(), 0) {
  const std::size_t count = std::max<std::size_t>(topology.nodes().size(), 1);
  for (std::size_t i = 0; i < count; ++i)
    places_.push_back({std::make_unique<Node>(context, options, budget, events), false, {}});
  route();
}

/// What a topology names has a place for good; what changes is the server that stands there.
void Nodes::arrange(Time now) {
  const std::vector<Endpoint>& nodes = topology_.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Endpoint* present = places_[i].node->endpoint();
    if (!present || !(*present == nodes[i])) places_[i].node->move(nodes[i], now);
  }
  route();
}

void Nodes::route() {
  if (topology_.nodes().empty()) return;
  for (std::size_t group = 0; group < place_of_.size(); ++group) place_of_[group] = topology_.owner(group);
}

void Nodes::turn(Time now) {
  const bool changed = topology_.turn(now, !all_serving());
  if (!std::exchange(arranged_, true) || changed) arrange(now);
  for (const Place& place : places_) place.node->turn(now);
}

bool Nodes::all_serving() const noexcept {
  return std::all_of(places_.begin(), places_.end(), [](const Place& place) { return place.serving; });
}

bool Nodes::look(Trouble& trouble) {
  for (Place& place : places_) {
    place.serving = place.node->settled();
    place.reason.clear();
    if (place.serving) continue;
    Trouble own;
    place.node->append_trouble(own);
    if (!place.node->endpoint()) topology_.append_trouble(own);
    if (!own.reasons.empty()) place.reason = own.reasons.front();
    trouble.append(std::move(own));
  }
  return all_serving();
}

bool Nodes::at_rest() const noexcept {
  return topology_.at_rest() &&
         std::all_of(places_.begin(), places_.end(), [](const Place& place) { return place.node->at_rest(); });
}

bool Nodes::lost_a_link() const noexcept {
  return std::any_of(places_.begin(), places_.end(), [](const Place& place) { return place.node->lost_a_link(); });
}

void Nodes::drain() {
  topology_.close();
  for (const Place& place : places_) place.node->drain();
}

bool Nodes::drain_turn(Time now) {
  bool drained = true;
  for (const Place& place : places_) drained = place.node->drain_turn(now) && drained;
  return drained;
}

void Nodes::close() {
  topology_.close();
  for (const Place& place : places_) place.node->close();
}

}  // namespace signalbox::redis
