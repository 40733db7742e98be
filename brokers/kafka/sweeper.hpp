// Erases what the dead have left in the presence topic, and what is ours no more.
#pragma once

#include <cstddef>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/holdings.hpp"
#include "brokers/kafka/presence.hpp"
#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

/// A few records of one partition a second: nobody waits for it.
class Sweeper {
 public:
  /// While the client can be written to.
  void turn(Client& client, Presence& presence, Holdings& holdings, Time now);

 private:
  Time due_at_;
  std::size_t partition_ = 0;
};

}  // namespace signalbox::kafka
