// What a subscriber does about slots that leave its server, and channels that go to another connection.
#include <utility>

#include "brokers/redis/subscriber_protocol.hpp"

namespace signalbox::redis {

bool SubscriberProtocol::is_probe(const Channel& channel) const noexcept {
  return std::any_of(probes_.begin(), probes_.end(), [&](const Channel& probe) { return &probe == &channel; });
}

void SubscriberProtocol::set_probe_channel(std::string name) {
  if (name == probe_channel()) return;
  probes_.emplace_back(std::move(name), ChannelState{});
  move_probe();
  if (established()) halves_.push_back({Verb::subscribe, {&probes_.back()}, 0, {}, {}});
}

/// The server has dismissed the probe or is to have another: no reason to doubt the link, which is proved anew when it can be.
void SubscriberProtocol::move_probe() noexcept {
  probe_subscribed_ = probe_uncounted_ = probe_sent_ = false;
  probe_moved_ = true;
  ++probe_round_;
}

bool SubscriberProtocol::awaits(const std::string& name) {
  const Channel* channel = channels_.table().find(name);
  return channel && channel->second.want && channel->second.recovering;
}

/// The server has the channel no more: because it was asked to, or because the slot has gone.
void SubscriberProtocol::removed(const std::string& name, Time now) {
  if (name == probe_channel()) {
    redirected_ = true;
    move_probe();
    return put_off(probes_.back(), now);
  }
  Channel* channel = channels_.table().find(name);
  if (!channel) return;
  ChannelState& state = channel->second;
  if (state.have == Have::unsubscribing) {
    state.have = Have::nothing;
    state.queued = true;  // the fence has it: nobody else queues or erases it
    return;
  }
  if (state.have != Have::subscribed) return;
  redirected_ = true;
  deliver();
  state.have = Have::nothing;
  if (state.want) {
    state.missed = true;
    channels_.table().set_recovering(*channel, true);
  } else {
    channels_.calls().finish(*channel, Verb::unsubscribe, {});
  }
  if (!state.queued) put_off(*channel, now);
}

std::optional<Fault> SubscriberProtocol::pass_fence(std::string_view token, Time now) {
  if (in_flight_.empty() || in_flight_.front().fence.empty() || in_flight_.front().fence != token) {
    return Fault{FaultKind::lost, "protocol error: a reply that nothing asked for"};
  }
  const Batch batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  answered(batch.channels.size(), now);
  for (Channel* channel : batch.channels) {
    channel->second.queued = false;
    if (channel->second.have == Have::nothing) {
      release(*channel);
    } else if (channel->second.want) {  // refused, as by a cluster that is down; it would have been in vain
      channels_.calls().finish(*channel, Verb::unsubscribe, {errc::superseded, {}});
      confirm(*channel);
    } else {
      channel->second.have = Have::subscribed;
      put_off(*channel, now);
    }
  }
  return std::nullopt;
}

/// The oldest command was refused. What became of the channels of a SUNSUBSCRIBE, its fence will tell.
void SubscriberProtocol::take_elsewhere(Time now) {
  redirected_ = true;
  if (in_flight_.front().verb == Verb::unsubscribe) return;
  const Batch batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  answered(batch.channels.size(), now);
  for (Channel* channel : batch.channels) {
    channel->second.have = Have::nothing;
    if (!channel->second.want) channels_.calls().finish(*channel, Verb::unsubscribe, {});
    put_off(*channel, now);
  }
}

void SubscriberProtocol::put_off(Channel& channel, Time now) {
  if (put_off_.empty()) put_off_until_ = now + kPutOff;
  channel.second.queued = true;
  put_off_.push_back(&channel);
}

void SubscriberProtocol::take_up(Time now) {
  if (put_off_.empty() || now < put_off_until_) return;
  for (Channel* channel : std::exchange(put_off_, {})) {
    channel->second.queued = false;
    if (is_probe(*channel)) {
      if (channel == &probes_.back()) halves_.push_back({Verb::subscribe, {channel}, 0, {}, {}});
    } else if (channel->second.want || channel->second.have == Have::subscribed) {
      channels_.enqueue(*channel);
    } else {
      channels_.table().erase(*channel);
    }
  }
}

std::vector<SubscriberProtocol::Handed> SubscriberProtocol::give_up(const std::function<bool(std::string_view)>& leaves) {
  std::vector<Handed> handed;
  std::vector<const Channel*> unknown;  // to the server
  channels_.table().for_each([&](Channel& channel) {
    const ChannelState& state = channel.second;
    if (!state.want || !leaves(channel.first)) return;
    handed.push_back({channel.first, state.missed || state.have == Have::subscribed, state.recovering,
                      channels_.calls().take(channel, Verb::subscribe)});
    channels_.table().set_want(channel, false);
    if (state.have == Have::subscribed) channels_.enqueue(channel);
    gave_up_ = gave_up_ || state.have != Have::nothing;
    if (state.have == Have::nothing && !state.queued) unknown.push_back(&channel);
  });
  for (const Channel* channel : unknown) channels_.table().erase(*channel);
  return handed;
}

/// It is delivered from elsewhere by now, or not wanted any more at all: what still comes here would come late.
bool SubscriberProtocol::is_given_up(std::string_view name) {
  const Channel* channel = channels_.table().find(std::string(name));
  return !channel || !channel->second.want;
}

void SubscriberProtocol::take_in(Handed handed) {
  Channel& channel = channels_.table().get(handed.name);
  ChannelState& state = channel.second;
  channels_.table().set_want(channel, true);
  if (state.have == Have::subscribed) {  // it is back before the server was told
    if (handed.missed) missed_.push_back(channel.first);
    deliver();
    for (CallList::Taken& call : handed.subscribes) call.done({});
    return;
  }
  state.missed = state.missed || handed.missed;
  if (handed.missed || handed.recovering || !probed()) channels_.table().set_recovering(channel, true);
  for (CallList::Taken& call : handed.subscribes)
    channels_.calls().add(channel, Verb::subscribe, std::move(call.done), call.deadline);
  if (established()) channels_.enqueue(channel);
}

}  // namespace signalbox::redis
