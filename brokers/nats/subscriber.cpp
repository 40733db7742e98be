#include "brokers/nats/subscriber.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "brokers/common/turn.hpp"
#include "brokers/nats/subject.hpp"

namespace signalbox::nats {

using brokers::Have;
using brokers::kCompletionsPerTurn;
using brokers::Verb;

Subscriber::Subscriber(std::size_t resubscribe_rate, std::size_t named_bytes, Refused refused)
    : resubscribe_rate_(static_cast<double>(resubscribe_rate)), named_bytes_(named_bytes), refused_(std::move(refused)) {}

void Subscriber::subscribe(const std::string& name, Done done, Time deadline) {
  Channel& channel = table_.get(name);
  if (channel.second.have != Have::unsubscribing) calls_.finish(channel, Verb::unsubscribe, {errc::superseded, {}});
  table_.set_want(channel, true);
  if (channel.second.have == Have::subscribed) {
    done({});
    return;
  }
  calls_.add(channel, Verb::subscribe, std::move(done), deadline);
  // Until the probe has answered the broker is not ready, and this channel is one of those that ready confirms.
  if (!proven()) table_.set_recovering(channel, true);
  if (wire_) enqueue(channel);
}

void Subscriber::unsubscribe(const std::string& name, Done done, Time deadline) {
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

bool Subscriber::delivers(const std::string& name) {
  const Channel* channel = table_.find(name);
  return channel && channel->second.have != Have::nothing;
}

void Subscriber::enqueue(Channel& channel) {
  const Have have = channel.second.have;
  if (channel.second.queued || have == Have::subscribing || have == Have::unsubscribing) return;
  channel.second.queued = true;
  queue_.push_back(&channel);
}

void Subscriber::on_up(Wire& wire, Time now) {
  wire_ = &wire;
  fence_.reset();
  allowance_ = 0;
  allowance_at_ = now;
}

void Subscriber::on_fence(Time now) {
  fence_.returned(now);
  if (!std::exchange(ambiguous_, false)) long_names_ = std::min(long_names_ * 2, kBatch);
  for (Channel* channel : std::exchange(batch_, {})) conclude(*channel);
  for (Channel* channel : std::exchange(leaving_, {})) {
    wire_->unsubscribe(channel->first);
    batch_.push_back(channel);
  }
}

void Subscriber::conclude(Channel& channel) {
  brokers::ChannelState& state = channel.second;
  if (state.have == Have::subscribing) {
    confirmed_ = true;
    state.have = Have::subscribed;
    table_.set_recovering(channel, false);
    calls_.finish(channel, Verb::subscribe, {});
    if (!state.want) enqueue(channel);
    return;
  }
  if (state.have == Have::unsubscribing) {
    state.have = Have::nothing;
    calls_.finish(channel, Verb::unsubscribe, {});
  } else {
    state.queued = false;  // refused; marked so that nobody erased it
  }
  state.want ? enqueue(channel) : table_.erase(channel);
}

void Subscriber::on_violation(const Violation& violation, std::string_view name) {
  if (violation.publish) return;
  if (!violation.whole) return refuse_one_of(name, violation.text);
  Channel* channel = table_.find(std::string(name));
  if (channel && (channel->second.have == Have::subscribing || channel->second.have == Have::subscribed)) {
    refuse(*channel, violation.text);
  }
}

void Subscriber::refuse(Channel& channel, const std::string& detail) {
  const bool in_batch = channel.second.have == Have::subscribing;
  const bool unasked_for = channel.second.want && !calls_.has(channel, Verb::subscribe);
  if (wire_) wire_->unsubscribe(channel.first);
  channel.second.have = Have::nothing;
  table_.set_want(channel, false);
  calls_.finish(channel, Verb::subscribe, {errc::rejected, detail});
  calls_.finish(channel, Verb::unsubscribe, {});
  if (unasked_for) refused_(channel.first, detail);
  if (in_batch) {
    channel.second.queued = true;  // until conclude()
  } else if (!channel.second.queued) {
    table_.erase(channel);
  }
}

void Subscriber::refuse_one_of(std::string_view beginning, const std::string& detail) {
  std::vector<Channel*> alike;
  std::copy_if(batch_.begin(), batch_.end(), std::back_inserter(alike),
               [&](const Channel* channel) { return channel->first.starts_with(beginning); });
  // Of one that was confirmed before, and they are not searched: a new link asks for all of them.
  if (alike.empty()) fault_ = Fault{FaultKind::lost, detail};
  std::erase_if(alike, [](const Channel* channel) { return channel->second.have != Have::subscribing; });
  if (alike.size() == 1) return refuse(*alike.front(), detail);
  if (alike.empty()) return;  // those that are alike are said again already
  ambiguous_ = true;
  long_names_ = alike.size() / 2;
  for (Channel* channel : alike) {
    wire_->unsubscribe(channel->first);
    channel->second.have = Have::nothing;
    channel->second.queued = true;  // until conclude()
  }
}

std::optional<Fault> Subscriber::turn(Time now) {
  settle_lost();
  expire(now);
  unfinished_ = !lost_.empty() || calls_.has_expired(now);
  if (!wire_) return std::nullopt;
  if (fault_) return std::exchange(fault_, std::nullopt);
  if (fence_.late(now)) return Fault{FaultKind::lost, "no echo of the loopback probe for 3 s"};
  if (fence_.open()) return std::nullopt;
  say_batch(now);
  if (!batch_.empty() || !leaving_.empty() || fence_.idle(now)) fence_.send(*wire_, now);
  return std::nullopt;
}

void Subscriber::expire(Time now) {
  for (std::size_t count = 0; count < kCompletionsPerTurn; ++count) {
    const auto expired = calls_.expire(now);
    if (!expired) return;
    const brokers::ChannelState& state = expired->channel->second;
    if (state.want && state.have != Have::subscribed) table_.set_recovering(*expired->channel, true);
  }
}

void Subscriber::say_batch(Time now) {
  const double seconds = std::chrono::duration<double>(now - std::exchange(allowance_at_, now)).count();
  allowance_ = std::min(allowance_ + seconds * resubscribe_rate_, resubscribe_rate_ / 10);
  std::size_t long_names = 0;
  while (batch_.size() + leaving_.size() < kBatch) {
    if (queue_.empty()) scan();
    if (queue_.empty()) return;
    Channel& channel = *queue_.front();
    if (token_size(channel.first) > named_bytes_ && ++long_names > long_names_) return;
    queue_.pop_front();
    channel.second.queued = false;
    add_to_batch(channel);
  }
}

void Subscriber::add_to_batch(Channel& channel) {
  brokers::ChannelState& state = channel.second;
  if (!draining_ && state.want && state.have == Have::nothing) {
    state.have = Have::subscribing;
    wire_->subscribe(channel.first);
    batch_.push_back(&channel);
  } else if (!state.want && state.have == Have::subscribed) {
    state.have = Have::unsubscribing;
    leaving_.push_back(&channel);
  } else if (!state.want && state.have == Have::nothing) {
    table_.erase(channel);
  }
}

/// Queues what the new link must be told, or what is to be given up, as far as the allowance goes.
void Subscriber::scan() {
  while (queue_.size() < kBatch && !table_.scanned() && (draining_ || allowance_ >= 1)) {
    table_.scan_bucket([this](Channel& channel) {
      if (draining_ && channel.second.have != Have::nothing) {
        table_.set_want(channel, false);
        enqueue(channel);
      } else if (!draining_ && channel.second.want && channel.second.have == Have::nothing && !channel.second.queued) {
        enqueue(channel);
        allowance_ -= 1;
      }
    });
  }
}

/// Only marks what there is to do: there may be a hundred thousand of them.
void Subscriber::on_down() {
  if (!std::exchange(wire_, nullptr)) return;
  fence_.reset();
  fault_.reset();
  ambiguous_ = false;
  lost_.insert(lost_.end(), queue_.begin(), queue_.end());
  lost_.insert(lost_.end(), batch_.begin(), batch_.end());
  lost_.insert(lost_.end(), leaving_.begin(), leaving_.end());
  leaving_.clear();
  queue_.clear();
  batch_.clear();
  lost_channels_ = lost_channels_ || std::exchange(confirmed_, false);
  table_.new_link();
  for (Channel* channel : lost_) {
    table_.refresh(*channel);
    channel->second.queued = true;  // so that nobody else queues or erases it
  }
}

/// The server has forgotten the channel: an unsubscribe is done, and what is not wanted has nothing left to wait for.
void Subscriber::settle_lost() {
  for (std::size_t count = 0; count < kCompletionsPerTurn && !lost_.empty(); ++count) {
    Channel& channel = *lost_.front();
    lost_.pop_front();
    channel.second.queued = false;
    if (!channel.second.want) calls_.finish(channel, Verb::subscribe, {errc::superseded, {}});
    calls_.finish(channel, Verb::unsubscribe, {});
    if (!channel.second.want) {
      table_.erase(channel);
    } else if (wire_) {
      enqueue(channel);
    }
  }
}

void Subscriber::drain() {
  calls_.finish_all({errc::closed, "the broker is stopped"});
  draining_ = true;
  table_.rewind();
}

bool Subscriber::drained() const noexcept {
  return !wire_ || (draining_ && table_.scanned() && queue_.empty() && batch_.empty() && leaving_.empty());
}

}  // namespace signalbox::nats
