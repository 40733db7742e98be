#include "brokers/kafka/presence_partition.hpp"

#include <algorithm>
#include <cstdlib>

#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

void PresencePartition::become(const Self& self) {
  self_ = self;
  own_ = &sessions_[session_of(self.instance)];
  if (self.incarnation > own_->incarnation) adopt(*own_, self.incarnation);
  complete_ = false;
}

std::uint32_t PresencePartition::session_of(std::string_view instance) {
  const auto [found, inserted] =
      session_numbers_.try_emplace(std::string(instance), static_cast<std::uint32_t>(sessions_.size()));
  if (inserted) sessions_.emplace_back().instance = instance;
  return found->second;
}

/// Whatever its earlier incarnations held is gone.
void PresencePartition::adopt(Session& session, std::uint64_t incarnation) {
  session.incarnation = incarnation;
  ++session.epoch;
  session.life = Life::unknown;
  session.missed = 0;
}

PresencePartition::Effect PresencePartition::apply(const PresenceRecord& record) {
  const auto key = decode_presence_key(record.key);
  if (!key) return {};
  return key->channel.empty() ? apply_heartbeat(*key, record) : apply_route(*key, record);
}

PresencePartition::Effect PresencePartition::apply_route(const PresenceKey& key, const PresenceRecord& record) {
  const std::uint32_t number = session_of(key.instance);
  Session& session = sessions_[number];
  const auto [begin, end] = routes_.equal_range(std::string(key.channel));
  const auto held = std::find_if(begin, end, [&](const auto& entry) { return entry.second.session == number; });
  const auto route = record.value ? decode_route(*record.value) : std::nullopt;
  if (!route) {
    if (held != end) routes_.erase(held);
    Effect effect;
    if (&session == own_) effect.erased = key.channel;
    return effect;
  }
  if (route->incarnation > session.incarnation && &session != own_) adopt(session, route->incarnation);
  const std::uint32_t epoch = route->incarnation == session.incarnation ? session.epoch : 0;
  Effect effect;
  if (held == end) {
    routes_.emplace(key.channel, Holder{number, epoch});
    return effect;
  }
  // What an earlier client of ours had under way may come behind it.
  if (&session == own_ && held->second.epoch == session.epoch && epoch != session.epoch) effect.erased = key.channel;
  held->second.epoch = epoch;
  return effect;
}

PresencePartition::Effect PresencePartition::apply_heartbeat(const PresenceKey& key, const PresenceRecord& record) {
  Session& session = sessions_[session_of(key.instance)];
  const auto heartbeat = record.value ? decode_heartbeat(*record.value) : std::nullopt;
  if (!heartbeat) {
    Effect effect;
    if (&session == own_) {
      effect.missing = missing_ = session.life == Life::live;
    } else {
      session.life = Life::dead;
      session.beat_at = 0;
    }
    return effect;
  }
  if (&session == own_) {
    if (heartbeat->incarnation == self_.incarnation) return take_echo(*heartbeat, record.timestamp_ms);
    Effect effect;
    if (heartbeat->incarnation > self_.incarnation) effect.rival = heartbeat->incarnation;
    return effect;
  }
  // Who was swept may come back with a clock that was set back: it has nothing to outdo.
  const bool swept = session.life == Life::dead && session.beat_at == 0;
  if (heartbeat->incarnation < session.incarnation && !swept) return {};
  if (heartbeat->incarnation != session.incarnation) adopt(session, heartbeat->incarnation);
  session.inbox = heartbeat->inbox;
  session.beat_at = record.timestamp_ms;
  session.missed = 0;
  ++session.beats;
  session.life = heartbeat->farewell ? Life::dead : complete_ ? Life::live : Life::history;
  Effect effect;
  effect.partitions = heartbeat->partitions;
  return effect;
}

PresencePartition::Effect PresencePartition::take_echo(const Heartbeat& heartbeat, std::int64_t timestamp_ms) {
  Effect effect;
  effect.echo = heartbeat.sequence;
  for (Session& session : sessions_) {
    if (&session == own_) continue;
    // Whoever has beaten so often without us has counted us out.
    effect.declared_dead = effect.declared_dead || session.beats >= kMissedBeats;
    session.beats = 0;
    age(session, timestamp_ms);
  }
  effect.declared_dead = (effect.declared_dead || missing_) && own_->life == Life::live;
  missing_ = false;
  effect.stale = own_->life == Life::live && timestamp_ms - echo_at_ > kAwayMs;
  own_->life = heartbeat.farewell ? Life::dead : Life::live;
  own_->inbox = heartbeat.inbox;
  own_->beat_at = echo_at_ = timestamp_ms;
  complete_ = true;
  sweeps_ = first_by_name();
  return effect;
}

void PresencePartition::age(Session& session, std::int64_t timestamp_ms) const {
  switch (session.life) {
    case Life::history:  // in either direction: another leader may have had another clock
      session.life = std::abs(timestamp_ms - session.beat_at) <= kLeaseMs ? Life::live : Life::doubtful;
      return;
    case Life::live:
      if (++session.missed >= kMissedBeats) session.life = Life::dead;
      return;
    case Life::doubtful:
      if (++session.missed + 1 >= kMissedBeats) session.life = Life::dead;
      return;
    case Life::unknown:
    case Life::dead: return;
  }
}

void PresencePartition::find(std::string_view channel, std::vector<Target>& targets) const {
  const auto [begin, end] = routes_.equal_range(std::string(channel));
  for (auto entry = begin; entry != end; ++entry) {
    const Session& session = sessions_[entry->second.session];
    if (entry->second.epoch != session.epoch) continue;
    const bool live = session.life == Life::live;
    if (live || session.life == Life::doubtful || session.life == Life::history) {
      targets.push_back({session.instance, session.inbox, live});
    }
  }
}

void PresencePartition::collect_heartbeats(std::size_t limit, std::vector<std::string>& keys) const {
  for (const Session& session : sessions_) {
    if (keys.size() >= limit) return;
    if (&session != own_ && session.beat_at != 0 && is_forgotten(session))
      keys.push_back(encode(PresenceKey{{}, session.instance}));
  }
}

bool PresencePartition::is_forgotten(const Session& session) const {
  const bool gone = session.life == Life::dead || session.life == Life::unknown;
  return sweeps_ && gone && echo_at_ - session.beat_at > kForgottenMs;
}

bool PresencePartition::first_by_name() const {
  return std::none_of(sessions_.begin(), sessions_.end(),
                      [&](const Session& session) { return session.life == Life::live && session.instance < own_->instance; });
}

}  // namespace signalbox::kafka
