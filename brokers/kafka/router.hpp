// Questions and publishes, answered from our copy of the routing table.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "brokers/common/budget.hpp"
#include "brokers/common/intake.hpp"
#include "brokers/kafka/client.hpp"
#include "brokers/kafka/presence.hpp"
#include "brokers/kafka/publishes.hpp"

namespace signalbox::kafka {

/// Only while our heartbeats come back is the copy worth asking.
class Router {
 public:
  /// All outlive the router.
  Router(const Presence& presence, Publishes& publishes, brokers::Budget& budget);

  /// Writes a record for each instance that holds the channel, also for one in doubt where another is sure: if it lives, it
  /// misses nothing. Reports tagged About::publish follow.
  void publish(Client& client, brokers::Call& call, std::string_view channel, std::string_view payload, Time deadline);
  void exists(brokers::Call& call, std::string_view channel);

 private:
  enum class Held : std::uint8_t { no, perhaps, yes };
  /// Fills targets_.
  Held look_up(std::string_view channel);

  const Presence& presence_;
  Publishes& publishes_;
  brokers::Budget& budget_;
  const std::uint64_t writer_;  // see Origin
  std::uint64_t number_ = 0;
  std::vector<Target> targets_;  // of one call
};

}  // namespace signalbox::kafka
