// Which shards of this instance hold which user, and the one broker subscription that all of a user's connections share.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signalbox/broker.hpp"

#include "core/config/live_limits.hpp"
#include "core/users/string_hash.hpp"

namespace signalbox {

/// A set of shards, one bit each.
using ShardSet = std::uint64_t;
inline constexpr unsigned kMaxShards = 64;

/// How far the broker has confirmed a user's subscription.
enum class Standing : std::uint8_t {
  waiting,    ///< asked, not answered yet
  confirmed,  ///< whatever is published from now on arrives
  pending,    ///< can't be confirmed now; entering ready will, or a repeated subscribe before it
  refused,    ///< the broker takes no subscription for this user
};

/// Told when the standing of a user changes that a shard holds.
/// Threading: any thread of the broker; returns at once and calls nothing of the registry.
class RegistrationObserver {
 public:
  virtual ~RegistrationObserver() = default;
  virtual void on_standing(ShardSet shards, std::string_view key, Standing standing, const Status& status) = 0;
};

/// Counts a user's connections over the shards and keeps the broker's subscriptions in step, at most one call in flight for
/// each user, so that calls for a channel never overtake each other. A user who is gone keeps the subscription for
/// unsubscribe_delay.
///
/// Threading: any thread. Holds no lock while it calls the broker; the observer is called under one, so that it hears of a
/// user's standings in the order in which they came about.
class UserRegistry {
 public:
  using Clock = std::chrono::steady_clock;

  /// Lifetime: `broker` and `observer` outlive the registry's last callback, that is until Broker::stop() has returned;
  /// `limits` the registry.
  UserRegistry(Broker& broker, RegistrationObserver& observer, const LiveLimits& limits, std::string channel_prefix,
               std::chrono::milliseconds unsubscribe_delay);

  /// `shard` has one more connection of the user. To its first, anything but `confirmed` is followed by an on_standing.
  /// Nothing where limits.connections_per_user is reached: the connection is not counted and has to go.
  std::optional<Standing> add(std::string_view key, unsigned shard);

  /// A shard has one connection less of the user, and others left.
  void remove_one(std::string_view key);

  /// `shard` has lost its last connection of the user.
  void remove(std::string_view key, unsigned shard);

  /// The shards that hold the user.
  [[nodiscard]] ShardSet shards_of(std::string_view key) const;

  /// The broker has entered ready: what was pending is confirmed.
  void broker_is_ready();

  /// The broker refuses a user whose subscribe had completed before.
  void broker_refused(std::string_view key, const Status& why);

  /// Ends the subscriptions whose delay is over, and repeats what failed for a passing reason. To be called every few
  /// hundredths of a second by one thread.
  void tick(Clock::time_point now);

  /// Users with at least one connection.
  [[nodiscard]] std::uint64_t users() const noexcept { return users_.load(std::memory_order_relaxed); }

 private:
  enum class Phase : std::uint8_t { absent, subscribing, confirmed, pending, unsubscribing, refused };

  struct Entry {
    ShardSet shards = 0;
    Clock::time_point due{};        ///< when the delayed action below may happen; of no meaning otherwise
    std::uint32_t connections = 0;  ///< of all shards
    Phase phase = Phase::absent;
    bool delayed = false;       ///< an action waits: the unsubscribe of a user who left, or a repeated subscribe
    bool told_pending = false;  ///< all its connections have been, and need not be again
  };

  using Table = std::unordered_map<std::string, Entry, StringHash, std::equal_to<>>;

  struct Stripe {
    mutable std::mutex mutex;
    Table table;
    std::size_t pending = 0;  ///< entries in Phase::pending
  };

  enum class Call : std::uint8_t { none, subscribe, unsubscribe };

  [[nodiscard]] Stripe& stripe_of(std::string_view key) const;
  Call next_call(Stripe& stripe, Table::iterator it);
  void perform(Call call, std::string_view key);
  void on_subscribed(const std::string& key, const Status& status);
  void on_unsubscribed(const std::string& key);
  void set_phase(Stripe& stripe, Entry& entry, Phase phase);
  struct Delayed {
    Clock::time_point due;
    std::string key;
  };
  void delay(Entry& entry, std::string_view key, std::chrono::milliseconds by, std::deque<Delayed>& queue);

  Broker& broker_;
  RegistrationObserver& observer_;
  const LiveLimits& limits_;
  const std::string prefix_;
  const std::chrono::milliseconds unsubscribe_delay_;
  std::atomic<std::uint64_t> users_{0};
  mutable std::array<Stripe, 64> stripes_;

  std::mutex delayed_mutex_;
  std::deque<Delayed> leaving_;    ///< in order of due time: all wait for the same unsubscribe_delay
  std::deque<Delayed> repeating_;  ///< likewise, for kRepeatDelay
  std::deque<Delayed> pending_;    ///< likewise, for kPendingDelay
};

}  // namespace signalbox
