#include "brokers/common/subscriptions.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "brokers/common/turn.hpp"

namespace signalbox::brokers {

Subscriptions::Subscriptions(std::optional<std::size_t> resubscribe_rate) : resubscribe_rate_(resubscribe_rate) {}

void Subscriptions::subscribe(const std::string& name, Done done, Time deadline, bool proven) {
  Channel& channel = table_.get(name);
  if (channel.second.have != Have::unsubscribing) calls_.finish(channel, Verb::unsubscribe, {errc::superseded, {}});
  table_.set_want(channel, true);
  if (channel.second.have == Have::subscribed) {
    done({});
    return;
  }
  calls_.add(channel, Verb::subscribe, std::move(done), deadline);
  if (!proven) table_.set_recovering(channel, true);
  if (linked_) enqueue(channel);
}

void Subscriptions::unsubscribe(const std::string& name, Done done, Time deadline) {
  Channel* channel = table_.find(name);
  if (!channel) {
    done({});
    return;
  }
  if (channel->second.have != Have::subscribing) calls_.finish(*channel, Verb::subscribe, {errc::superseded, {}});
  table_.set_want(*channel, false);
  if (channel->second.have == Have::nothing) {
    if (!channel->second.queued) table_.erase(*channel);
    done({});
    return;
  }
  calls_.add(*channel, Verb::unsubscribe, std::move(done), deadline);
  enqueue(*channel);
}

void Subscriptions::link_up(Time now) {
  linked_ = true;
  allowance_ = 0;
  allowance_at_ = now;
}

void Subscriptions::link_down(const std::vector<Channel*>& under_way) {
  if (!std::exchange(linked_, false)) return;
  lost_channels_ = lost_channels_ || std::exchange(confirmed_, false);
  lost_.insert(lost_.end(), queue_.begin(), queue_.end());
  lost_.insert(lost_.end(), under_way.begin(), under_way.end());
  queue_.clear();
  table_.new_link();
  for (Channel* channel : lost_) {
    table_.refresh(*channel);
    channel->second.queued = true;  // so that nobody else queues or erases it
  }
}

void Subscriptions::turn(Time now) {
  settle_lost();
  expire(now);
  unfinished_ = !lost_.empty() || calls_.has_expired(now);
  if (!resubscribe_rate_) return;
  const double seconds = std::chrono::duration<double>(now - std::exchange(allowance_at_, now)).count();
  allowance_ = std::min(allowance_ + seconds * *resubscribe_rate_, *resubscribe_rate_ / 10);
}

/// The server has forgotten the channel: an unsubscribe is done, and what is not wanted has nothing left to wait for.
void Subscriptions::settle_lost() {
  for (std::size_t count = 0; count < kCompletionsPerTurn && !lost_.empty(); ++count) {
    Channel& channel = *lost_.front();
    lost_.pop_front();
    channel.second.queued = false;
    release(channel);
  }
}

void Subscriptions::expire(Time now) {
  for (std::size_t count = 0; count < kCompletionsPerTurn; ++count) {
    const auto expired = calls_.expire(now);
    if (!expired) return;
    const ChannelState& state = expired->channel->second;
    if (state.want && state.have != Have::subscribed) table_.set_recovering(*expired->channel, true);
  }
}

void Subscriptions::enqueue(Channel& channel) {
  const Have have = channel.second.have;
  if (channel.second.queued || have == Have::subscribing || have == Have::unsubscribing) return;
  channel.second.queued = true;
  queue_.push_back(&channel);
}

Channel* Subscriptions::front() {
  if (queue_.empty()) scan();
  return queue_.empty() ? nullptr : queue_.front();
}

/// Queues what the new link must be told, or what is to be given up, as far as the allowance goes.
void Subscriptions::scan() {
  const auto may_go_on = [this] { return draining_ || !resubscribe_rate_ || allowance_ >= 1; };
  while (queue_.size() < kAhead && !table_.scanned() && may_go_on()) {
    table_.scan_bucket([this](Channel& channel) {
      const ChannelState& state = channel.second;
      if (draining_ && state.have != Have::nothing) {
        table_.set_want(channel, false);
        enqueue(channel);
      } else if (!draining_ && state.want && state.have == Have::nothing && !state.queued) {
        enqueue(channel);
        allowance_ -= 1;
      }
    });
  }
}

std::optional<Verb> Subscriptions::take_front() {
  Channel& channel = *queue_.front();
  ChannelState& state = channel.second;
  queue_.pop_front();
  state.queued = false;
  if (draining_) table_.set_want(channel, false);
  assert(state.have == Have::nothing || state.have == Have::subscribed);
  if (state.want == (state.have == Have::subscribed)) {
    if (!state.want) table_.erase(channel);
    return std::nullopt;
  }
  state.have = state.want ? Have::subscribing : Have::unsubscribing;
  return state.want ? Verb::subscribe : Verb::unsubscribe;
}

void Subscriptions::confirm(Channel& channel) {
  confirmed_ = true;
  channel.second.have = Have::subscribed;
  table_.set_recovering(channel, false);
  calls_.finish(channel, Verb::subscribe, {});
  if (!channel.second.want) enqueue(channel);
}

void Subscriptions::release(Channel& channel) {
  channel.second.have = Have::nothing;
  if (!channel.second.want) calls_.finish(channel, Verb::subscribe, {errc::superseded, {}});
  calls_.finish(channel, Verb::unsubscribe, {});
  if (!channel.second.want) {
    table_.erase(channel);
  } else if (linked_) {
    enqueue(channel);
  }
}

bool Subscriptions::reject(Channel& channel, std::string_view detail) {
  const bool untold = channel.second.want && !calls_.has(channel, Verb::subscribe);
  channel.second.have = Have::nothing;
  table_.set_want(channel, false);
  calls_.finish(channel, Verb::subscribe, {errc::rejected, detail});
  calls_.finish(channel, Verb::unsubscribe, {});
  return untold;
}

void Subscriptions::drain() {
  calls_.finish_all({errc::closed, "the broker is stopped"});
  draining_ = true;
  table_.rewind();
}

}  // namespace signalbox::brokers
