#include "brokers/kafka/holdings.hpp"

#include <algorithm>
#include <utility>

#include "brokers/common/turn.hpp"

namespace signalbox::kafka {

using brokers::Have;
using brokers::Verb;

void Holdings::subscribe(const std::string& name, Done done, Time deadline) {
  Channel& channel = table_.get(name);
  if (channel.second.have != Have::unsubscribing) calls_.finish(channel, Verb::unsubscribe, {errc::superseded, {}});
  table_.set_want(channel, true);
  if (channel.second.have == Have::subscribed) {
    done({});
    return;
  }
  calls_.add(channel, Verb::subscribe, std::move(done), deadline);
  if (!up_) table_.set_recovering(channel, true);
  enqueue(channel);
}

void Holdings::unsubscribe(const std::string& name, Done done, Time deadline) {
  Channel* channel = table_.find(name);
  if (!channel) {
    done({});
    return;
  }
  if (channel->second.have != Have::subscribing || !up_) {
    calls_.finish(*channel, Verb::subscribe, {errc::superseded, {}});
  }
  table_.set_want(*channel, false);
  if (channel->second.have == Have::nothing) {
    if (!channel->second.queued) table_.erase(*channel);
    done({});
    return;
  }
  if (up_) {
    calls_.add(*channel, Verb::unsubscribe, std::move(done), deadline);
  } else {
    done({});
  }
  enqueue(*channel);
}

bool Holdings::delivers(const std::string& name) {
  const Channel* channel = table_.find(name);
  return channel && channel->second.want;
}

void Holdings::set_up(bool up) {
  if (up_ == up) return;
  up_ = up;
  if (up_) return;
  for (const auto& [channel, flight] : in_flight_) give_up(*channel);
  for (Channel* channel : queue_) give_up(*channel);
}

void Holdings::give_up(Channel& channel) {
  if (channel.second.want) return;
  calls_.finish(channel, Verb::subscribe, {errc::superseded, {}});
  calls_.finish(channel, Verb::unsubscribe, {});
}

void Holdings::restart() {
  std::vector<Channel*> known(queue_.begin(), queue_.end());
  for (const auto& [channel, flight] : in_flight_) known.push_back(channel);
  queue_.clear();
  again_.clear();
  in_flight_.clear();
  for (Partition& partition : partitions_) partition = {};
  table_.new_link();
  for (Channel* channel : known) {
    table_.refresh(*channel);
    give_up(*channel);
    if (!channel->second.want) table_.erase(*channel);
  }
}

void Holdings::enqueue(Channel& channel) {
  const Have have = channel.second.have;
  if (channel.second.queued || have == Have::subscribing || have == Have::unsubscribing) return;
  channel.second.queued = true;
  queue_.push_back(&channel);
}

/// Queues what a restart left to be written, or what is to be given up, as far as the window goes.
void Holdings::scan() {
  while (queue_.empty() && !table_.scanned()) {
    table_.scan_bucket([this](Channel& channel) {
      if (draining_) table_.set_want(channel, false);
      const bool held = channel.second.have == Have::subscribed;
      if (held != channel.second.want) enqueue(channel);
    });
  }
}

std::optional<Holdings::Write> Holdings::next_write() {
  if (!up_) return std::nullopt;
  if (!again_.empty()) {
    Channel& channel = *again_.front();
    again_.pop_front();
    if (draining_) table_.set_want(channel, false);
    channel.second.have = channel.second.want ? Have::subscribing : Have::unsubscribing;
    in_flight_[&channel].reported = false;
    return Write{&channel, channel.second.want};
  }
  while (in_flight_.size() < kWindow) {
    if (queue_.empty()) scan();
    if (queue_.empty()) break;
    Channel& channel = *queue_.front();
    queue_.pop_front();
    channel.second.queued = false;
    if (draining_) table_.set_want(channel, false);
    if (channel.second.want == (channel.second.have == Have::subscribed)) {
      if (!channel.second.want) table_.erase(channel);
      continue;
    }
    channel.second.have = channel.second.want ? Have::subscribing : Have::unsubscribing;
    in_flight_.try_emplace(&channel);
    return Write{&channel, channel.second.want};
  }
  return std::nullopt;
}

void Holdings::reported(Channel& channel, std::size_t partition, std::optional<std::int64_t> offset) {
  const auto flight = in_flight_.find(&channel);
  if (flight == in_flight_.end()) return;  // of an earlier incarnation
  flight->second.reported = true;
  if (!offset) {
    again_.push_back(&channel);
  } else if (*offset < partitions_[partition].read_up_to) {
    confirm(channel, *offset);
  } else {
    partitions_[partition].stored.push_back({*offset, &channel});
  }
}

void Holdings::abandon_reports() {
  for (auto& [channel, flight] : in_flight_) {
    if (!std::exchange(flight.reported, true)) again_.push_back(channel);
  }
}

void Holdings::read_up_to(std::size_t number, std::int64_t next) {
  Partition& partition = partitions_[number];
  partition.read_up_to = std::max(partition.read_up_to, next);
  while (!partition.stored.empty() && partition.stored.front().offset < next) {
    const Stored stored = partition.stored.front();
    partition.stored.pop_front();
    confirm(*stored.channel, stored.offset);
  }
}

void Holdings::confirm(Channel& channel, std::int64_t offset) {
  const auto flight = in_flight_.find(&channel);
  if (channel.second.have == Have::subscribing && flight->second.erased_at > offset) {  // stored, and gone again
    again_.push_back(&channel);
    return;
  }
  in_flight_.erase(flight);
  if (channel.second.have == Have::subscribing) {
    channel.second.have = Have::subscribed;
    table_.set_recovering(channel, false);
    calls_.finish(channel, Verb::subscribe, {});
    if (!channel.second.want) enqueue(channel);
    return;
  }
  channel.second.have = Have::nothing;
  if (!channel.second.want) calls_.finish(channel, Verb::subscribe, {errc::superseded, {}});  // whose record failed
  calls_.finish(channel, Verb::unsubscribe, {});
  if (channel.second.want) {
    enqueue(channel);
  } else {
    table_.erase(channel);
  }
}

void Holdings::erased(const std::string& name, std::int64_t offset) {
  Channel* channel = table_.find(name);
  if (!channel) return;
  if (const auto flight = in_flight_.find(channel); flight != in_flight_.end()) flight->second.erased_at = offset;
  if (channel->second.have != Have::subscribed) return;
  channel->second.have = Have::nothing;
  if (channel->second.want) {
    table_.set_recovering(*channel, true);
    enqueue(*channel);
  } else if (!channel->second.queued) {
    table_.erase(*channel);
  }
}

void Holdings::expire(Time now) {
  for (std::size_t count = 0; count < brokers::kCompletionsPerTurn; ++count) {
    const auto expired = calls_.expire(now);
    if (!expired) return;
    const brokers::ChannelState& state = expired->channel->second;
    if (state.want && state.have != Have::subscribed) table_.set_recovering(*expired->channel, true);
  }
}

void Holdings::drain() {
  calls_.finish_all({errc::closed, "the broker is stopped"});
  draining_ = true;
  table_.rewind();
}

}  // namespace signalbox::kafka
