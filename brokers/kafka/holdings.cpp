#include "brokers/kafka/holdings.hpp"

#include <algorithm>
#include <utility>

namespace signalbox::kafka {

using brokers::Have;
using brokers::Verb;

void Holdings::unsubscribe(const std::string& name, Done done, Time deadline) {
  channels_.unsubscribe(name, std::move(done), deadline);
  if (up_) return;
  if (Channel* channel = channels_.table().find(name)) give_up(*channel);
}

bool Holdings::delivers(const std::string& name) {
  const Channel* channel = channels_.table().find(name);
  return channel && channel->second.want;
}

void Holdings::set_up(bool up) {
  if (up_ == up) return;
  up_ = up;
  if (up_) {
    if (!channels_.linked()) channels_.link_up({});
    return;
  }
  for (const auto& [channel, flight] : in_flight_) give_up(*channel);
  for (Channel* channel : channels_.queue()) give_up(*channel);
}

void Holdings::give_up(Channel& channel) {
  if (channel.second.want) return;
  channels_.calls().finish(channel, Verb::subscribe, {errc::superseded, {}});
  channels_.calls().finish(channel, Verb::unsubscribe, {});
}

void Holdings::restart() {
  std::vector<Channel*> under_way;
  for (const auto& [channel, flight] : in_flight_) under_way.push_back(channel);
  channels_.link_down(under_way);
  again_.clear();
  in_flight_.clear();
  for (Partition& partition : partitions_) partition = {};
  if (up_) channels_.link_up({});
}

std::optional<Holdings::Write> Holdings::next_write() {
  if (!up_) return std::nullopt;
  if (!again_.empty()) {
    Channel& channel = *again_.front();
    again_.pop_front();
    if (channels_.draining()) channels_.table().set_want(channel, false);
    channel.second.have = channel.second.want ? Have::subscribing : Have::unsubscribing;
    in_flight_[&channel].reported = false;
    return Write{&channel, channel.second.want};
  }
  while (in_flight_.size() < kWindow) {
    Channel* channel = channels_.front();
    if (!channel) break;
    const auto verb = channels_.take_front();
    if (!verb) continue;
    in_flight_.try_emplace(channel);
    return Write{channel, *verb == Verb::subscribe};
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
  channel.second.have == Have::subscribing ? channels_.confirm(channel) : channels_.release(channel);
}

void Holdings::erased(const std::string& name, std::int64_t offset) {
  Channel* channel = channels_.table().find(name);
  if (!channel) return;
  if (const auto flight = in_flight_.find(channel); flight != in_flight_.end()) flight->second.erased_at = offset;
  if (channel->second.have != Have::subscribed) return;
  channel->second.have = Have::nothing;
  if (channel->second.want) {
    channels_.table().set_recovering(*channel, true);
    channels_.enqueue(*channel);
  } else if (!channel->second.queued) {
    channels_.table().erase(*channel);
  }
}

}  // namespace signalbox::kafka
