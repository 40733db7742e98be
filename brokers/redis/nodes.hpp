// The servers of a topology, connected: which of them serves a channel now.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
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
    std::unique_ptr<Node> node;
    bool serving = false;  ///< settled at the last look
    std::string reason;    ///< why not
  };
  /// Where the channel belongs now.
  [[nodiscard]] Place& of(std::string_view channel) noexcept { return places_[place_of_[topology_.group(channel)]]; }

  void turn(Time now);
  /// Looks at all of them. True: all are serving; else why not.
  [[nodiscard]] bool look(Trouble& trouble);
  /// Not one that holds everything.
  [[nodiscard]] bool several() const noexcept { return topology_.groups() > 1; }
  [[nodiscard]] bool at_rest() const noexcept;
  [[nodiscard]] bool lost_a_link() const noexcept;

  void drain();
  [[nodiscard]] bool drain_turn(Time now);
  void close();

 private:
  void arrange(Time now);
  void route();
  [[nodiscard]] bool all_serving() const noexcept;

  Topology& topology_;
  std::vector<Place> places_;          // as topology_.nodes(); one without a server while there are none
  std::vector<std::size_t> place_of_;  // each group
  bool arranged_ = false;
};

}  // namespace signalbox::redis
