// Clients that do harm, of every kind, all the time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/under_load.hpp"
#include "tests/soak/record.hpp"
#include "tests/support/hostile/swarm.hpp"

namespace signalbox::test {

/// The ports of an instance under attack.
struct Target {
  std::uint16_t port = 0;
  std::uint16_t api_port = 0;
};

/// At each target swarms of the slow and the silent, all the time, and beside them a few threads that each pick a kind of harm
/// and a target, do it for a second or two, and go on: floods that would take a core each if nothing ended them. What a hostile
/// client breaks off itself counts as done; a listener that no longer takes connections is complained about.
class Hostility {
 public:
  Hostility(Record& record, const std::vector<Target>& targets, std::uint64_t seed);
  Hostility(const Hostility&) = delete;
  Hostility& operator=(const Hostility&) = delete;
  ~Hostility();

 private:
  void besiege(const Target& target);

  Record& record_;
  std::vector<std::unique_ptr<hostile::Swarm>> standing_;
  std::vector<std::unique_ptr<Repeated>> loops_;
};

}  // namespace signalbox::test
