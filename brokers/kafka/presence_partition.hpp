// One partition of the presence topic: who holds which of its channels, as its log alone tells. It is a function of the
// records: no clock decides who is alive, so that a reader which was frozen, or whose link was down, blames nobody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "brokers/kafka/records.hpp"

namespace signalbox::kafka {

/// Who we are in the log.
struct Self {
  std::string instance;
  std::uint64_t incarnation = 0;
};

/// One record as it was read.
struct PresenceRecord {
  std::string_view key;
  std::optional<std::string_view> value;  ///< nothing: a tombstone
  std::int64_t timestamp_ms = 0;
};

/// An instance that holds a channel.
struct Target {
  std::string_view instance;  ///< lives as long as the partition
  std::uint32_t inbox;
  bool live;  ///< false: the log does not tell yet whether it lives
};

class PresencePartition {
 public:
  /// What a record means for us beyond the table.
  struct Effect {
    std::optional<std::uint64_t> echo;       ///< our heartbeat has come back: its sequence
    bool declared_dead = false;              ///< with the echo: others may have said meanwhile that nobody holds our channels
    bool missing = false;                    ///< our heartbeat was erased: nobody counts us until the next
    bool stale = false;                      ///< with the echo: we have been away for longer than kAwayMs
    std::uint32_t partitions = 0;            ///< of the topic, as another instance has counted them
    std::uint64_t rival = 0;                 ///< another with our name, and this later incarnation
    std::optional<std::string_view> erased;  ///< our route to this channel counts no more; lives for the record
  };

  /// Tombstones are in the log for twice as long: who was away longer may never read that a route was erased.
  static constexpr std::int64_t kAwayMs = 1'800'000;

  /// Which incarnation is ours; what was read before stays.
  void become(const Self& self);
  Effect apply(const PresenceRecord& record);

  /// Appends the holders of `channel`, without the dead.
  void find(std::string_view channel, std::vector<Target>& targets) const;

  /// Our own heartbeat has come back: all that was written before it is known.
  [[nodiscard]] bool complete() const noexcept { return complete_; }

  /// Appends keys whose tombstones are due, at most `limit`, looking at a slice of the table at a time: our own routes to
  /// channels that we have nothing to do with any more (`ours` says so), left by an earlier incarnation or by a record that
  /// was stored late, and, if we are the first by name of those who live, routes and heartbeats of instances dead for longer
  /// than kForgottenMs.
  static constexpr std::int64_t kForgottenMs = 600'000;
  template <class Ours>
  void sweep(std::size_t limit, Ours ours, std::vector<std::string>& keys) {
    for (std::size_t looked = 0; looked < kBucketsPerScan && keys.size() < limit; ++looked) {
      if (cursor_ >= routes_.bucket_count()) {
        cursor_ = 0;
        return sweep_heartbeats(limit, keys);
      }
      for (auto entry = routes_.begin(cursor_); entry != routes_.end(cursor_); ++entry) {
        const Peer& peer = peers_[entry->second.peer];
        const bool due = &peer == own_ ? !ours(entry->first) : is_forgotten(peer);
        if (due) keys.push_back(encode(PresenceKey{entry->first, peer.instance}));
      }
      ++cursor_;
    }
  }

 private:
  static constexpr std::size_t kBucketsPerScan = 4096;

  enum class Life : std::uint8_t {
    unknown,  ///< no heartbeat of this incarnation read
    history,  ///< one from before our first echo
    live,
    doubtful,  ///< an old one only: to be confirmed by the next
    dead,
  };
  struct Peer {  // an instance, ourselves too, as the log knows it
    std::string instance;
    std::uint64_t incarnation = 0;
    std::int64_t beat_at = 0;  ///< by the log's time stamps; 0: its heartbeat is not in the log
    std::uint32_t inbox = 0;
    std::uint32_t epoch = 1;   ///< grows with each incarnation
    std::uint32_t missed = 0;  ///< of our echoes since its last heartbeat
    std::uint32_t beats = 0;   ///< of its heartbeats since our last echo
    Life life = Life::unknown;
  };
  struct Holder {
    std::uint32_t peer;
    std::uint32_t epoch;  ///< the peer's, if the route is of its present incarnation; 0: of an earlier one
  };

  std::uint32_t peer_of(std::string_view instance);
  void adopt(Peer& peer, std::uint64_t incarnation);
  Effect apply_route(const PresenceKey& key, const PresenceRecord& record);
  Effect apply_heartbeat(const PresenceKey& key, const PresenceRecord& record);
  Effect take_echo(const Heartbeat& heartbeat, std::int64_t timestamp_ms);
  void age(Peer& peer, std::int64_t timestamp_ms) const;
  void sweep_heartbeats(std::size_t limit, std::vector<std::string>& keys) const;
  [[nodiscard]] bool is_forgotten(const Peer& peer) const;
  [[nodiscard]] bool first_by_name() const;

  Self self_;
  std::deque<Peer> peers_;  // never moved
  std::unordered_map<std::string, std::uint32_t> peer_numbers_;
  std::unordered_multimap<std::string, Holder> routes_;
  Peer* own_ = nullptr;
  std::int64_t echo_at_ = 0;  // by the log's time stamps
  bool complete_ = false;
  bool missing_ = false;  // our heartbeat was erased, and the next has not come back
  bool sweeps_ = false;   // first by name
  std::size_t cursor_ = 0;
};

}  // namespace signalbox::kafka
