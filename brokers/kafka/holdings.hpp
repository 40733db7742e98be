// The channels that this instance holds: what is wanted, what the log says, and the records that bring the two together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "signalbox/broker.hpp"

#include "brokers/common/subscriptions.hpp"
#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

using brokers::Channel;

/// A record is confirmed once it is reported as stored and the log has been read past it: from then on every instance that has
/// read as far as we knows.
class Holdings {
 public:
  /// Records that are not confirmed yet: bounds what a fleet that starts writes at once.
  static constexpr std::size_t kWindow = 8192;

  /// Of the presence topic. Called before the first write.
  void set_partitions(std::size_t partitions) { partitions_.resize(partitions); }

  void subscribe(const std::string& name, Done done, Time deadline) {
    channels_.subscribe(name, std::move(done), deadline, up_);
  }
  void unsubscribe(const std::string& name, Done done, Time deadline);
  /// Messages of a channel that is not wanted are for nobody.
  [[nodiscard]] bool delivers(const std::string& name);
  /// There is something to do, or under way, for this channel.
  [[nodiscard]] bool knows(const std::string& name) { return channels_.table().find(name) != nullptr; }

  /// The log can be written and read, or not: then an unsubscribe is done at once, and what it leaves in the log is erased
  /// later.
  void set_up(bool up);
  /// What the log says of us is void, as with a new incarnation: everything wanted is written again.
  void restart();

  /// The next record to write, if the window has room: a route to it if `hold`, else its tombstone. A report follows.
  struct Write {
    Channel* channel;
    bool hold;
  };
  std::optional<Write> next_write();
  /// The record of this channel was stored there, or nothing: it was not, or nobody knows. It is then written again.
  void reported(Channel& channel, std::size_t partition, std::optional<std::int64_t> offset);
  /// No more reports come of what was written until now: nobody knows of it.
  void abandon_reports();
  /// That partition has been read up to `next`, which is the first offset that has not.
  void read_up_to(std::size_t partition, std::int64_t next);
  /// The record at `offset` has put an end to our route. Whoever wrote it: if we hold the channel, it is written again.
  void erased(const std::string& name, std::int64_t offset);

  /// Once each turn: completes what is late, a slice of it.
  void turn(Time now) { channels_.turn(now); }
  /// The last turn left work for another at once.
  [[nodiscard]] bool unfinished() const noexcept { return channels_.unfinished(); }
  /// Channels that must be confirmed before the broker is ready.
  [[nodiscard]] std::size_t recovering() const noexcept { return channels_.recovering(); }
  [[nodiscard]] bool idle() const noexcept { return channels_.at_rest() && channels_.quiet() && in_flight_.empty(); }
  /// Something was written that is not confirmed.
  [[nodiscard]] bool under_way() const noexcept { return !in_flight_.empty(); }

  /// Completes every open call with `closed` and begins to erase every route.
  void drain() { channels_.drain(); }
  [[nodiscard]] bool drained() const noexcept { return channels_.drained() && in_flight_.empty(); }

 private:
  struct Flight {
    std::int64_t erased_at = -1;  // the latest offset at which the log has ended a route of ours meanwhile
    bool reported = false;
  };
  struct Stored {
    std::int64_t offset;
    Channel* channel;
  };
  struct Partition {
    std::deque<Stored> stored;  // in the order of the log, not read yet
    std::int64_t read_up_to = 0;
  };

  /// Completes the calls for a channel that is not wanted: what it leaves in the log is erased later.
  void give_up(Channel& channel);
  void confirm(Channel& channel, std::int64_t offset);

  brokers::Subscriptions channels_;  // whose link is an incarnation: while we are not up, the log keeps what it says of us
  std::deque<Channel*> again_;       // had one of which nobody knows whether it was stored, or which another has undone
  std::unordered_map<Channel*, Flight> in_flight_;  // written, not confirmed
  std::vector<Partition> partitions_;
  bool up_ = false;
};

}  // namespace signalbox::kafka
