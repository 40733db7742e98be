// What an operator, a back end and bad luck do to two instances and their Redis in a soak.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/soak/crowd.hpp"
#include "tests/soak/record.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/ledger.hpp"

namespace signalbox::test {

/// Threading: one thread. Each function returns when its trouble is over; false if it was not over in time, which is complained
/// about.
class Trouble {
 public:
  using Clock = Ledger::Clock;

  Trouble(RedisServer& redis, Instance& one, Instance& two, Ledger& ledger, Record& record, Crowd& crowd, std::uint64_t seed);

  /// SIGKILL, nothing for up to a second, and started again.
  bool restart_redis();
  /// One of the others: CLIENT KILL of subscribers or of the rest, SIGHUP, all who come and go at once, a user disconnected.
  bool something_else();

  /// From the fault to ready on both instances and, where subscriptions were lost, to the last gap told.
  [[nodiscard]] const std::vector<milliseconds>& recoveries() const noexcept { return recoveries_; }

 private:
  bool kill_connections(const std::string& type);
  bool reload(Instance& instance);
  bool evict(Instance& instance);
  bool recovered(Clock::time_point since, bool told, const std::string& after);
  Instance& either() { return random_() % 2 == 0 ? one_ : two_; }

  RedisServer& redis_;
  Instance& one_;
  Instance& two_;
  Ledger& ledger_;
  Record& record_;
  Crowd& crowd_;
  std::mt19937_64 random_;
  std::vector<milliseconds> recoveries_;
};

}  // namespace signalbox::test
