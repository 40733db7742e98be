#include "core/users/user_registry.hpp"

#include <cassert>
#include <utility>
#include <vector>

namespace signalbox {
namespace {

/// How long to wait before a subscribe is repeated that failed although the broker did not leave ready.
constexpr std::chrono::milliseconds kRepeatDelay{1000};
/// The same while the broker is not ready: one of several servers may have the channel long before all are back.
constexpr std::chrono::milliseconds kPendingDelay{5000};

constexpr ShardSet bit(unsigned shard) { return ShardSet{1} << shard; }

/// The errors after which a channel is not wanted any more (broker.hpp, subscribe).
bool is_refusal(const std::error_code& code) {
  return code == errc::rejected || code == errc::invalid_argument || code == errc::unsupported || code == errc::closed;
}

}  // namespace

UserRegistry::UserRegistry(Broker& broker, RegistrationObserver& observer, const LiveLimits& limits, std::string channel_prefix,
                           std::chrono::milliseconds unsubscribe_delay)
    : broker_(broker),
      observer_(observer),
      limits_(limits),
      prefix_(std::move(channel_prefix)),
      unsubscribe_delay_(unsubscribe_delay) {}

UserRegistry::Stripe& UserRegistry::stripe_of(std::string_view key) const {
  return stripes_[StringHash{}(key) % stripes_.size()];
}

std::optional<Standing> UserRegistry::add(std::string_view key, unsigned shard) {
  assert(shard < kMaxShards);
  Stripe& stripe = stripe_of(key);
  std::unique_lock lock(stripe.mutex);
  auto it = stripe.table.find(key);
  if (it == stripe.table.end()) it = stripe.table.emplace(key, Entry{}).first;
  Entry& entry = it->second;
  const std::uint64_t limit = limits_.connections_per_user;
  if (limit != 0 && entry.connections >= limit) return std::nullopt;
  ++entry.connections;
  if (entry.shards == 0) users_.fetch_add(1, std::memory_order_relaxed);
  entry.shards |= bit(shard);
  // Access may have been granted since: a newcomer asks again.
  if (entry.phase == Phase::refused) set_phase(stripe, entry, Phase::absent);
  if (entry.phase != Phase::pending) entry.told_pending = false;
  const Standing standing = entry.phase == Phase::confirmed ? Standing::confirmed
                            : entry.phase == Phase::pending ? Standing::pending
                                                            : Standing::waiting;
  const Call call = next_call(stripe, it);
  lock.unlock();
  perform(call, key);
  return standing;
}

void UserRegistry::remove_one(std::string_view key) {
  Stripe& stripe = stripe_of(key);
  const std::lock_guard lock(stripe.mutex);
  const auto it = stripe.table.find(key);
  assert(it != stripe.table.end() && it->second.connections > 1);
  --it->second.connections;
}

void UserRegistry::remove(std::string_view key, unsigned shard) {
  Stripe& stripe = stripe_of(key);
  std::unique_lock lock(stripe.mutex);
  const auto it = stripe.table.find(key);
  assert(it != stripe.table.end() && (it->second.shards & bit(shard)));
  Entry& entry = it->second;
  entry.shards &= ~bit(shard);
  --entry.connections;
  assert((entry.shards == 0) == (entry.connections == 0));
  if (entry.shards != 0) return;
  users_.fetch_sub(1, std::memory_order_relaxed);
  if (unsubscribe_delay_.count() > 0 && entry.phase != Phase::refused) {
    delay(entry, key, unsubscribe_delay_, leaving_);
    return;
  }
  entry.delayed = false;
  const Call call = next_call(stripe, it);
  lock.unlock();
  perform(call, key);
}

ShardSet UserRegistry::shards_of(std::string_view key) const {
  const Stripe& stripe = stripe_of(key);
  const std::lock_guard lock(stripe.mutex);
  const auto it = stripe.table.find(key);
  return it == stripe.table.end() ? 0 : it->second.shards;
}

void UserRegistry::delay(Entry& entry, std::string_view key, std::chrono::milliseconds by, std::deque<Delayed>& queue) {
  entry.due = Clock::now() + by;
  entry.delayed = true;
  const std::lock_guard lock(delayed_mutex_);
  queue.push_back({entry.due, std::string(key)});
}

/// What the broker has to be told about this user, if anything and if no call is in flight. Erases an entry that is over.
UserRegistry::Call UserRegistry::next_call(Stripe& stripe, Table::iterator it) {
  Entry& entry = it->second;
  if (entry.shards != 0) {
    if (entry.phase != Phase::absent) return Call::none;
    entry.delayed = false;
    set_phase(stripe, entry, Phase::subscribing);
    return Call::subscribe;
  }
  if (entry.delayed && Clock::now() < entry.due) return Call::none;
  switch (entry.phase) {
    case Phase::confirmed:
    case Phase::pending: set_phase(stripe, entry, Phase::unsubscribing); return Call::unsubscribe;
    case Phase::absent:
    case Phase::refused: stripe.table.erase(it); return Call::none;
    case Phase::subscribing:
    case Phase::unsubscribing: return Call::none;
  }
  return Call::none;
}

void UserRegistry::perform(Call call, std::string_view key) {
  if (call == Call::none) return;
  const std::string channel = prefix_ + std::string(key);
  if (call == Call::subscribe) {
    broker_.subscribe(channel, [this, key = std::string(key)](const Status& status) { on_subscribed(key, status); });
  } else {
    // Whatever the outcome, the channel is not wanted any more.
    broker_.unsubscribe(channel, [this, key = std::string(key)](const Status&) { on_unsubscribed(key); });
  }
}

void UserRegistry::on_subscribed(const std::string& key, const Status& status) {
  Stripe& stripe = stripe_of(key);
  std::unique_lock lock(stripe.mutex);
  const auto it = stripe.table.find(key);
  assert(it != stripe.table.end() && it->second.phase == Phase::subscribing);
  Entry& entry = it->second;
  const ShardSet shards = entry.shards;
  Standing standing = Standing::confirmed;
  if (status.ok()) {
    set_phase(stripe, entry, Phase::confirmed);
  } else if (is_refusal(status.code)) {
    standing = Standing::refused;
    set_phase(stripe, entry, Phase::refused);
  } else {
    standing = Standing::pending;
    set_phase(stripe, entry, Phase::pending);
    const bool not_ready = status.code == errc::unavailable;
    if (shards != 0) delay(entry, key, not_ready ? kPendingDelay : kRepeatDelay, not_ready ? pending_ : repeating_);
  }
  const bool told = std::exchange(entry.told_pending, standing == Standing::pending && shards != 0);
  if (shards != 0 && !(told && standing == Standing::pending)) observer_.on_standing(shards, key, standing, status);
  const Call call = next_call(stripe, it);
  lock.unlock();
  perform(call, key);
}

void UserRegistry::on_unsubscribed(const std::string& key) {
  Stripe& stripe = stripe_of(key);
  std::unique_lock lock(stripe.mutex);
  const auto it = stripe.table.find(key);
  assert(it != stripe.table.end() && it->second.phase == Phase::unsubscribing);
  set_phase(stripe, it->second, Phase::absent);
  // Came back and left again in the meantime: a subscription that is not there needs no delay.
  if (it->second.shards == 0) it->second.delayed = false;
  const Call call = next_call(stripe, it);
  lock.unlock();
  perform(call, key);
}

void UserRegistry::broker_is_ready() {
  for (Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    if (stripe.pending == 0) continue;
    for (auto& [key, entry] : stripe.table) {
      if (entry.phase != Phase::pending) continue;
      set_phase(stripe, entry, Phase::confirmed);
      if (entry.shards != 0) observer_.on_standing(entry.shards, key, Standing::confirmed, {});
    }
  }
}

void UserRegistry::broker_refused(std::string_view key, const Status& why) {
  Stripe& stripe = stripe_of(key);
  const std::lock_guard lock(stripe.mutex);
  const auto it = stripe.table.find(key);
  if (it == stripe.table.end()) return;
  Entry& entry = it->second;
  if (entry.phase != Phase::confirmed && entry.phase != Phase::pending) return;  // a call in flight brings its own answer
  set_phase(stripe, entry, Phase::refused);
  if (entry.shards != 0) observer_.on_standing(entry.shards, key, Standing::refused, why);
  static_cast<void>(next_call(stripe, it));  // erases a user who has left
}

void UserRegistry::tick(Clock::time_point now) {
  std::vector<std::string> due;
  {
    const std::lock_guard lock(delayed_mutex_);
    for (auto* queue : {&leaving_, &repeating_, &pending_}) {
      while (!queue->empty() && queue->front().due <= now) {
        due.push_back(std::move(queue->front().key));
        queue->pop_front();
      }
    }
  }
  for (const std::string& key : due) {
    Stripe& stripe = stripe_of(key);
    std::unique_lock lock(stripe.mutex);
    const auto it = stripe.table.find(key);
    if (it == stripe.table.end() || !it->second.delayed || it->second.due > now) continue;  // moved on since
    Entry& entry = it->second;
    entry.delayed = false;
    if (entry.shards != 0 && entry.phase == Phase::pending) set_phase(stripe, entry, Phase::absent);
    const Call call = next_call(stripe, it);
    lock.unlock();
    perform(call, key);
  }
}

void UserRegistry::set_phase(Stripe& stripe, Entry& entry, Phase phase) {
  if (entry.phase == Phase::pending) --stripe.pending;
  if (phase == Phase::pending) ++stripe.pending;
  entry.phase = phase;
}

}  // namespace signalbox
