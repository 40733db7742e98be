// The clients of a soak, each on a thread of its own, with all that happens to them in the ledger.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/soak/record.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/ledger.hpp"

namespace signalbox::test {

/// Where a client sits, and whether it stays from the first to the last or comes and goes.
struct Seat {
  std::string side;  ///< the instance's name in the ledger
  std::uint16_t port = 0;
  std::uint16_t api_port = 0;
  std::string user;
  bool envelope = false;
  bool steady = false;
};

/// Users "steady-N" have a client in each mode that stays, N odd on instance two, and a few more that come and go; one of them
/// is on both. Users "fickle-N" only have clients that come and go, "evicted-N" such whom the back end disconnects now and
/// then. Who stays asks for a pong each second.
///
/// A client that is closed, refused or left without an answer, and had no reason to expect it, is complained about.
class Crowd {
 public:
  using Clock = Ledger::Clock;

  Crowd(Ledger& ledger, Record& record, const Instance& one, const Instance& two, std::uint64_t seed);
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd();

  /// Everybody who stays is registered.
  bool wait_seated(milliseconds within = kPatience) const;
  /// All of them, and one who is never there.
  [[nodiscard]] std::vector<std::string> users() const;
  [[nodiscard]] std::vector<std::string> evicted_users() const { return {"evicted-0", "evicted-1"}; }

  /// All who come and go leave now, and come back at once.
  void storm() { ++storms_; }
  /// From now on the clients of an evicted user may find themselves closed with 4003.
  void evicting(const std::string& user);
  /// Every envelope client that stays has been told a gap since then.
  [[nodiscard]] bool told_since(Clock::time_point time) const;
  /// All leave; returns when they are gone.
  void leave();

 private:
  class Sitter;
  [[nodiscard]] std::optional<Clock::time_point> evicted(const std::string& user) const;

  Ledger& ledger_;
  Record& record_;
  std::atomic<bool> leaving_ = false;
  std::atomic<unsigned> storms_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, Clock::time_point> evictions_;
  std::vector<std::unique_ptr<Sitter>> sitters_;
};

}  // namespace signalbox::test
