#include "brokers/kafka/presence_partition.hpp"

#include <algorithm>
#include <cstdlib>

#include "brokers/kafka/time.hpp"

namespace signalbox::kafka {

void PresencePartition::become(const Self& self) {
  self_ = self;
  own_ = &peers_[peer_of(self.instance)];
  if (self.incarnation > own_->incarnation) adopt(*own_, self.incarnation);
  complete_ = false;
}

std::uint32_t PresencePartition::peer_of(std::string_view instance) {
  const auto [found, inserted] = peer_numbers_.try_emplace(std::string(instance), static_cast<std::uint32_t>(peers_.size()));
  if (inserted) peers_.emplace_back().instance = instance;
  return found->second;
}

/// Whatever its earlier incarnations held is gone.
void PresencePartition::adopt(Peer& peer, std::uint64_t incarnation) {
  peer.incarnation = incarnation;
  ++peer.epoch;
  peer.life = Life::unknown;
  peer.missed = 0;
}

PresencePartition::Effect PresencePartition::apply(const PresenceRecord& record) {
  const auto key = decode_presence_key(record.key);
  if (!key) return {};
  return key->channel.empty() ? apply_heartbeat(*key, record) : apply_route(*key, record);
}

PresencePartition::Effect PresencePartition::apply_route(const PresenceKey& key, const PresenceRecord& record) {
  const std::uint32_t number = peer_of(key.instance);
  Peer& peer = peers_[number];
  const auto [begin, end] = routes_.equal_range(std::string(key.channel));
  const auto held = std::find_if(begin, end, [&](const auto& entry) { return entry.second.peer == number; });
  const auto route = record.value ? decode_route(*record.value) : std::nullopt;
  if (!route) {
    if (held != end) routes_.erase(held);
    Effect effect;
    if (&peer == own_) effect.erased = key.channel;
    return effect;
  }
  if (route->incarnation > peer.incarnation && &peer != own_) adopt(peer, route->incarnation);
  const std::uint32_t epoch = route->incarnation == peer.incarnation ? peer.epoch : 0;
  Effect effect;
  if (held == end) {
    routes_.emplace(key.channel, Holder{number, epoch});
    return effect;
  }
  // What an earlier client of ours had under way may come behind it.
  if (&peer == own_ && held->second.epoch == peer.epoch && epoch != peer.epoch) effect.erased = key.channel;
  held->second.epoch = epoch;
  return effect;
}

PresencePartition::Effect PresencePartition::apply_heartbeat(const PresenceKey& key, const PresenceRecord& record) {
  Peer& peer = peers_[peer_of(key.instance)];
  const auto heartbeat = record.value ? decode_heartbeat(*record.value) : std::nullopt;
  if (!heartbeat) {
    Effect effect;
    if (&peer == own_) {
      effect.missing = missing_ = peer.life == Life::live;
    } else {
      peer.life = Life::dead;
      peer.beat_at = 0;
    }
    return effect;
  }
  if (&peer == own_) {
    if (heartbeat->incarnation == self_.incarnation) return take_echo(*heartbeat, record.timestamp_ms);
    Effect effect;
    if (heartbeat->incarnation > self_.incarnation) effect.rival = heartbeat->incarnation;
    return effect;
  }
  // Who was swept may come back with a clock that was set back: it has nothing to outdo.
  const bool swept = peer.life == Life::dead && peer.beat_at == 0;
  if (heartbeat->incarnation < peer.incarnation && !swept) return {};
  if (heartbeat->incarnation != peer.incarnation) adopt(peer, heartbeat->incarnation);
  peer.inbox = heartbeat->inbox;
  peer.beat_at = record.timestamp_ms;
  peer.missed = 0;
  ++peer.beats;
  peer.life = heartbeat->farewell ? Life::dead : complete_ ? Life::live : Life::history;
  Effect effect;
  effect.partitions = heartbeat->partitions;
  return effect;
}

PresencePartition::Effect PresencePartition::take_echo(const Heartbeat& heartbeat, std::int64_t timestamp_ms) {
  Effect effect;
  effect.echo = heartbeat.sequence;
  for (Peer& peer : peers_) {
    if (&peer == own_) continue;
    // Whoever has beaten so often without us has counted us out.
    effect.declared_dead = effect.declared_dead || peer.beats >= kMissedBeats;
    peer.beats = 0;
    age(peer, timestamp_ms);
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

void PresencePartition::age(Peer& peer, std::int64_t timestamp_ms) const {
  switch (peer.life) {
    case Life::history:  // in either direction: another leader may have had another clock
      peer.life = std::abs(timestamp_ms - peer.beat_at) <= kLeaseMs ? Life::live : Life::doubtful;
      return;
    case Life::live:
      if (++peer.missed >= kMissedBeats) peer.life = Life::dead;
      return;
    case Life::doubtful:
      if (++peer.missed + 1 >= kMissedBeats) peer.life = Life::dead;
      return;
    case Life::unknown:
    case Life::dead: return;
  }
}

void PresencePartition::find(std::string_view channel, std::vector<Target>& targets) const {
  const auto [begin, end] = routes_.equal_range(std::string(channel));
  for (auto entry = begin; entry != end; ++entry) {
    const Peer& peer = peers_[entry->second.peer];
    if (entry->second.epoch != peer.epoch) continue;
    const bool live = peer.life == Life::live;
    if (live || peer.life == Life::doubtful || peer.life == Life::history) {
      targets.push_back({peer.instance, peer.inbox, live});
    }
  }
}

void PresencePartition::sweep_heartbeats(std::size_t limit, std::vector<std::string>& keys) const {
  for (const Peer& peer : peers_) {
    if (keys.size() >= limit) return;
    if (&peer != own_ && peer.beat_at != 0 && is_forgotten(peer)) keys.push_back(encode(PresenceKey{{}, peer.instance}));
  }
}

bool PresencePartition::is_forgotten(const Peer& peer) const {
  const bool gone = peer.life == Life::dead || peer.life == Life::unknown;
  return sweeps_ && gone && echo_at_ - peer.beat_at > kForgottenMs;
}

bool PresencePartition::first_by_name() const {
  return std::none_of(peers_.begin(), peers_.end(),
                      [&](const Peer& peer) { return peer.life == Life::live && peer.instance < own_->instance; });
}

}  // namespace signalbox::kafka
