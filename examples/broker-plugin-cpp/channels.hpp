// The channels: what is wanted, what the table of presence has, and who waits for the one to become the other.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <signalbox/broker.hpp>

#include "inbox.hpp"

namespace pgbroker {

/// What one statement is to change. Lifetime: until the answer, or lost().
struct Changes {
  std::vector<std::optional<std::string_view>> add;  // each there: as byte_strings() takes them
  std::vector<std::optional<std::string_view>> remove;
};

/// Set operations: however often a channel flaps, what counts is the last call; a call that a contrary one overtakes completes
/// `superseded`.
///
/// Threading: the plugin's thread.
class Channels {
 public:
  void subscribe(const std::string& channel, signalbox::Done done, Time deadline);
  void unsubscribe(const std::string& channel, signalbox::Done done, Time deadline);
  /// Whether its messages are for the host: from the call of subscribe to the completion of unsubscribe.
  [[nodiscard]] bool receives(const std::string& channel) const { return entries_.contains(channel); }

  /// There is a new session, which holds nothing: all that is wanted is to be added, and until it is, the broker is not ready.
  void link_up();
  /// What was held is not any more. Unsubscribes that wait are done.
  void link_down();
  [[nodiscard]] bool recovered() const noexcept { return recovering_ == 0; }

  [[nodiscard]] bool has_changes() const noexcept { return !queue_.empty(); }
  /// Up to `most` of them, in flight until applied(). None may be in flight.
  [[nodiscard]] Changes take_changes(std::size_t most);
  void applied();

  /// Completes subscribes past their deadline `unavailable`; true if there were any. They are still wanted.
  bool expire(Time now);
  /// When expire() has to be called; Time::max(): not at all.
  [[nodiscard]] Time next_expiry() const { return expiries_.empty() ? Time::max() : expiries_.front().first; }

  /// Completes what waits.
  void close(const signalbox::Status& status);

 private:
  struct Waiting {
    signalbox::Done done;
    Time deadline;
  };
  struct Entry {
    bool wanted = false;
    bool held = false;
    bool queued = false;
    bool in_flight = false;
    bool target = false;      // of what is in flight
    bool recovering = false;  // must be held before the broker is ready
    std::vector<Waiting> waiting;
  };
  using Map = std::unordered_map<std::string, Entry>;

  void want(Map::iterator at, bool wanted, signalbox::Done done, Time deadline);
  void settle(Map::iterator at);
  void set_recovering(Entry& entry, bool recovering);
  static void complete(Entry& entry, const signalbox::Status& status);

  Map entries_;
  bool up_ = false;
  std::size_t recovering_ = 0;
  std::deque<std::string> queue_;                      // may name channels that have gone since
  std::vector<Map::iterator> in_flight_;               // stay: an entry in flight is not erased
  std::deque<std::pair<Time, std::string>> expiries_;  // of subscribes, whether they still wait or not
};

}  // namespace pgbroker
