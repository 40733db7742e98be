// The open subscribe and unsubscribe calls of one subscriber connection.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/channel_table.hpp"
#include "brokers/common/time.hpp"

namespace signalbox::brokers {

enum class Verb : std::uint8_t { subscribe, unsubscribe };

/// Calls hang on their channel by number, so that a channel without one pays 4 bytes: the number of the latest, from
/// which a ring leads to the oldest and on to the latest.
class CallList {
 public:
  void add(Channel& channel, Verb verb, Done done, Time deadline);
  /// Completes the channel's calls of that verb, in the order in which they were made.
  void finish(Channel& channel, Verb verb, const Status& status);
  [[nodiscard]] bool has(const Channel& channel, Verb verb) const;

  struct Taken {
    Done done;
    Time deadline;
  };
  /// Takes the channel's calls of that verb out, not completed, in the order in which they were made.
  std::vector<Taken> take(Channel& channel, Verb verb);

  /// Completes one call that is past its deadline with `unavailable` and tells which; nothing once there is none.
  struct Expired {
    Channel* channel;
    Verb verb;
  };
  std::optional<Expired> expire(Time now);

  [[nodiscard]] bool empty() const noexcept { return open_ == 0; }
  /// The next expire() has something to tell.
  [[nodiscard]] bool has_expired(Time now) const { return !deadlines_.empty() && deadlines_.front().at <= now; }

  /// Completes all, whatever they are, in the order in which they were made.
  void finish_all(const Status& status);

 private:
  struct Call {
    Done done;
    Channel* channel = nullptr;  // nullptr: a free slot
    std::uint32_t next = 0;      // of the same channel, in a ring; or the next free one
    std::uint32_t generation = 0;
    Verb verb = Verb::subscribe;
    Time deadline;
  };
  struct Deadline {
    Time at;
    std::uint32_t call;
    std::uint32_t generation;
  };

  [[nodiscard]] Call& at(std::uint32_t number) { return calls_[number - 1]; }
  [[nodiscard]] const Call& at(std::uint32_t number) const { return calls_[number - 1]; }
  [[nodiscard]] bool is_open(const Deadline& deadline) const;
  Done release(std::uint32_t number);
  void clear();

  std::deque<Call> calls_;  // number n at n - 1; never moved, as there may be a hundred thousand
  std::size_t open_ = 0;
  std::uint32_t free_ = 0;
  std::deque<Deadline> deadlines_;  // the next first
};

}  // namespace signalbox::brokers
