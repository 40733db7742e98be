// What is written into the presence topic beside heartbeats: our routes, and the end of those that are of no use.
#pragma once

#include <cstddef>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/holdings.hpp"
#include "brokers/kafka/presence.hpp"
#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

/// All outlive it. Its calls are for a client that can be written to.
class Routes {
 public:
  Routes(Presence& presence, Holdings& holdings) noexcept : presence_(presence), holdings_(holdings) {}

  /// What the holdings want written, as far as the client takes it; else why not: the rest in the next turn.
  rd_kafka_resp_err_t write(Client& client, const Self& self);
  /// Erases what the dead have left and what is ours no more: a few records of one partition a second, as nobody waits for it.
  void sweep(Client& client, Time now);

 private:
  Presence& presence_;
  Holdings& holdings_;
  Time sweep_at_;
  std::size_t sweep_partition_ = 0;
};

}  // namespace signalbox::kafka
