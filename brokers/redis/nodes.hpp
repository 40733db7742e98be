// The servers of a topology, connected: which of them serves a channel now.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "brokers/redis/node.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

/// Each server serves its channels whether the others are there or not.
///
/// Threading: the broker's I/O thread.
class Nodes {
 public:
  /// Everything passed in outlives it.
  Nodes(ConnectionContext& context, Topology& topology, const NodeOptions& options, brokers::Budget& budget,
        SubscriberEvents& events);

  struct Place {
    explicit Place(std::unique_ptr<Node> one) : node(std::move(one)) {}

    std::unique_ptr<Node> node;
    // At the last look:
    bool serving = false;
    bool settled = false;
    std::string reason;               ///< why not
    std::optional<std::size_t> home;  ///< the group that the probes are in, in a cluster
  };
  /// Where the channel, by its name on the wire, belongs now.
  [[nodiscard]] Place& of(std::string_view name) noexcept { return *place_of_[topology_.group(name)]; }

  /// True: a group has another server now.
  bool turn(Time now);
  /// Looks at all of them. True: all is settled; else why not.
  [[nodiscard]] bool look(Trouble& trouble);
  /// Not one that holds everything.
  [[nodiscard]] bool several() const noexcept { return topology_.groups() > 1; }
  [[nodiscard]] bool at_rest() const noexcept;
  [[nodiscard]] bool lost_a_link() const noexcept;

  void drain();
  [[nodiscard]] bool drain_turn(Time now);
  void close();

 private:
  using Standing = std::vector<Place*>;  // where each of topology_.nodes() stands

  Place& add_place();
  void arrange(Time now);
  [[nodiscard]] Place* heir(const Standing& standing, std::size_t node) const;
  void route(const Standing& standing);
  void hand_over(const Standing& route);
  void leave_others(const Standing& standing, Time now);
  void settle_probes();
  void forget_empty_places();
  [[nodiscard]] bool is_empty(const Place& place) const noexcept;
  [[nodiscard]] bool all_settled() const noexcept;

  ConnectionContext& context_;
  Topology& topology_;
  NodeOptions options_;
  brokers::Budget& budget_;
  SubscriberEvents& events_;
  std::vector<std::unique_ptr<Place>> places_;  // at least one; without a server while none is known
  std::vector<Place*> place_of_;                // each group
  bool arranged_ = false;
  bool unsettled_ = false;  // a place has become so, and the topology does not know yet
};

}  // namespace signalbox::redis
