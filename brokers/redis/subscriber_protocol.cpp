#include "brokers/redis/subscriber_protocol.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace signalbox::redis {
namespace {

constexpr Duration kRecently{1000};
constexpr std::string_view kMessage = "*3\r\n$7\r\nmessage\r\n";
constexpr std::size_t kFloodBytes = 16 * 1024;  // of payload in one read: we are behind

Fault unasked() { return {FaultKind::lost, "protocol error: a reply that nothing asked for"}; }

}  // namespace

SubscriberProtocol::SubscriberProtocol(Handshake handshake, Duration call_timeout, std::string probe_channel,
                                       std::size_t resubscribe_rate, SubscriberEvents& events, const HashTags* tags)
    : Protocol(std::move(handshake), call_timeout),
      events_(events),
      tags_(tags),
      dialect_(tags ? kSharded : kClassic),
      resubscribe_rate_(static_cast<double>(resubscribe_rate)),
      probes_{Channel(std::move(probe_channel), ChannelState{})} {}

void SubscriberProtocol::subscribe(const std::string& name, Done done, Time deadline) {
  Channel& channel = table_.get(name);
  if (channel.second.have != Have::unsubscribing) calls_.finish(channel, Verb::unsubscribe, {errc::superseded, {}});
  table_.set_want(channel, true);
  if (channel.second.have == Have::subscribed) {
    done({});
    return;
  }
  calls_.add(channel, Verb::subscribe, std::move(done), deadline);
  // Until the probe has answered the broker is not ready, and this channel is one of those that ready confirms.
  if (!probed()) table_.set_recovering(channel, true);
  if (established()) enqueue(channel);
}

void SubscriberProtocol::unsubscribe(const std::string& name, Done done, Time deadline) {
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

void SubscriberProtocol::enqueue(Channel& channel) {
  const Have have = channel.second.have;
  if (channel.second.queued || have == Have::subscribing || have == Have::unsubscribing) return;
  channel.second.queued = true;
  queue_.push_back(&channel);
}

bool SubscriberProtocol::probe_due(Time now) const noexcept {
  if (!probe_subscribed_ || probe_sent_at_ || probe_uncounted_) return false;
  return !probed() || probe_moved_ || now - message_at_ >= kProbeIdle;
}

void SubscriberProtocol::restart_probe() noexcept {
  probe_echoed_ = probe_counted_ = probe_uncounted_ = false;
  probe_sent_at_.reset();
  ++probe_round_;
}

std::string_view SubscriberProtocol::hint(Time now) const {
  if (!established() || now - flooded_at_ > kRecently) return {};
  return "; messages were pouring in: if the server's log tells of output buffer limits, raise its client-output-buffer-limit "
         "pubsub";
}

void SubscriberProtocol::on_established(Time now) {
  link_in_use_ = true;
  allowance_ = 0;
  pinged_at_.reset();
  allowance_at_ = message_at_ = answered_at_ = now;
  // First and alone: if this is refused, so would be everything.
  halves_.push_back({Verb::subscribe, {&probes_.back()}, 0, {}, {}});
}

/// Messages; not those of a cluster, whose channels stand there by another name.
std::size_t SubscriberProtocol::take_plain(std::string_view bytes, Time now) {
  if (tags_) return 0;
  const std::size_t size = bytes.size();
  while (bytes.starts_with(kMessage)) {
    std::string_view rest = bytes.substr(kMessage.size());
    const auto channel = take_bulk(rest);
    const auto payload = channel ? take_bulk(rest) : std::nullopt;
    if (!payload) break;
    take_message(*channel, *payload, now);
    bytes = rest;
  }
  return size - bytes.size();
}

std::optional<Fault> SubscriberProtocol::on_reply(Reply reply, Time now) {
  if (reply->type == REDIS_REPLY_ERROR) return reject(text(*reply), now);
  if (reply->type == REDIS_REPLY_STATUS) return std::nullopt;                   // PONG before the first subscription
  if (reply->type == REDIS_REPLY_STRING) return pass_fence(text(*reply), now);  // after the last one
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2) return unasked();
  const std::string_view kind = text(*reply->element[0]);
  if (kind == dialect_.message && reply->elements == 3) {
    take_message(std::move(reply), now);
    return std::nullopt;
  }
  if (kind == dialect_.subscribed) return acknowledge(Verb::subscribe, text(*reply->element[1]), now);
  if (kind == dialect_.unsubscribed && tags_) {
    removed(std::string(text(*reply->element[1])), now);
    return std::nullopt;
  }
  if (kind == dialect_.unsubscribed) return acknowledge(Verb::unsubscribe, text(*reply->element[1]), now);
  if (kind == "pong") return text(*reply->element[1]).empty() ? std::nullopt : pass_fence(text(*reply->element[1]), now);
  return unasked();
}

void SubscriberProtocol::take_message(Reply reply, Time now) {
  if (!take_message(text(*reply->element[1]), text(*reply->element[2]), now)) return;
  if (tags_) {
    std::string_view& channel = messages_.back().channel;
    channel = tags_->plain(reply->element[1]->str, channel.size());
  }
  held_.push_back(std::move(reply));
}

/// False: it is the probe, or of a channel that is this one's no more.
bool SubscriberProtocol::take_message(std::string_view channel, std::string_view payload, Time now) {
  message_at_ = now;
  if (channel == probe_channel()) {
    probe_echoed_ = true;
    probe_sent_at_.reset();
    return false;
  }
  if (gave_up_ && is_given_up(channel)) return false;
  messages_.push_back({channel, payload});
  held_bytes_ += payload.size();
  if (held_bytes_ >= kFloodBytes) flooded_at_ = now;
  return true;
}

void SubscriberProtocol::deliver() {
  if (!missed_.empty()) {
    tell_missed();
    missed_.clear();
  }
  if (messages_.empty()) return;
  events_.on_messages(messages_);
  messages_.clear();
  held_.clear();
  held_bytes_ = 0;
}

void SubscriberProtocol::tell_missed() {
  if (!tags_) return events_.on_missed(missed_);
  std::vector<std::string> names(missed_.begin(), missed_.end());
  std::vector<std::string_view> channels;
  for (std::string& name : names) channels.push_back(tags_->plain(name.data(), name.size()));
  events_.on_missed(channels);
}

std::optional<Fault> SubscriberProtocol::acknowledge(Verb verb, std::string_view name, Time now) {
  if (in_flight_.empty()) return unasked();
  Batch& batch = in_flight_.front();
  Channel& channel = *batch.channels[batch.answered];
  if (batch.verb != verb || channel.first != name) return unasked();
  answered_at_ = now;
  --channels_in_flight_;
  if (++batch.answered == batch.channels.size()) in_flight_.pop_front();
  verb == Verb::subscribe ? confirm(channel) : release(channel);
  return std::nullopt;
}

void SubscriberProtocol::confirm(Channel& channel) {
  if (is_probe(channel)) {
    probe_subscribed_ = &channel == &probes_.back();
    return;
  }
  confirmed_ = true;
  channel.second.have = Have::subscribed;
  table_.set_recovering(channel, false);
  if (channel.second.missed) missed_.push_back(channel.first);
  channel.second.missed = false;
  calls_.finish(channel, Verb::subscribe, {});
  if (!channel.second.want) enqueue(channel);
}

void SubscriberProtocol::release(Channel& channel) {
  deliver();  // after the call is done there is no message
  channel.second.have = Have::nothing;
  calls_.finish(channel, Verb::unsubscribe, {});
  if (channel.second.want) {
    enqueue(channel);
  } else {
    table_.erase(channel);
  }
}

/// One error answers a whole command: halve it until the guilty channel stands alone.
std::optional<Fault> SubscriberProtocol::reject(std::string_view error, Time now) {
  if (is_disk_trouble(error)) return std::nullopt;  // as good as a PONG
  if (tags_ && is_elsewhere(error) && !in_flight_.empty() && in_flight_.front().answered == 0) {
    take_elsewhere(now);
    return std::nullopt;
  }
  if (in_flight_.empty() || in_flight_.front().answered != 0 || in_flight_.front().verb != Verb::subscribe ||
      !is_channel_refused(error)) {
    return fault_of(error);
  }
  answered_at_ = now;
  const Batch batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  channels_in_flight_ -= batch.channels.size();
  if (batch.channels.size() == 1) return refuse(*batch.channels.front(), error);
  const auto middle = batch.channels.begin() + static_cast<std::ptrdiff_t>(batch.channels.size() / 2);
  halves_.push_back({Verb::subscribe, {batch.channels.begin(), middle}, 0, {}, {}});
  halves_.push_back({Verb::subscribe, {middle, batch.channels.end()}, 0, {}, {}});
  return std::nullopt;
}

std::optional<Fault> SubscriberProtocol::refuse(Channel& channel, std::string_view error) {
  if (is_probe(channel)) {
    return Fault{FaultKind::config, std::string(error) + "; the user needs the channels PREFIX*"};
  }
  const bool unasked_for = channel.second.want && !calls_.has(channel, Verb::subscribe);
  table_.set_want(channel, false);
  calls_.finish(channel, Verb::subscribe, {errc::rejected, error});
  calls_.finish(channel, Verb::unsubscribe, {});
  if (unasked_for) {
    std::string name = channel.first;
    events_.on_refused(tags_ ? tags_->plain(name.data(), name.size()) : name, error);
  }
  table_.erase(channel);
  return std::nullopt;
}

std::optional<Fault> SubscriberProtocol::on_turn(Time now, std::string& out) {
  settle_lost();
  take_up(now);
  expire(now);
  unfinished_ = !lost_.empty() || calls_.has_expired(now);
  gave_up_ = gave_up_ && !(lost_.empty() && queue_.empty() && in_flight_.empty() && put_off_.empty());
  if (!established()) return std::nullopt;
  // Not how old the oldest is, but that nothing moves: a whole fleet that comes back keeps the server busy for long.
  if (!in_flight_.empty() && now >= std::max(in_flight_.front().deadline, answered_at_ + call_timeout())) {
    return Fault{FaultKind::lost, "a subscription was not answered in time"};
  }
  write_commands(now, out);
  return keep_alive(now, out);
}

std::optional<Fault> SubscriberProtocol::keep_alive(Time now, std::string& out) {
  if (pinged_at_) {
    if (now - *pinged_at_ < kSilence) return std::nullopt;
    return Fault{FaultKind::lost, "no answer to PING for 3 s"};
  }
  if (now - heard_at() < kSilence) return std::nullopt;
  pinged_at_ = now;
  append_command(out, {"PING"});
  return std::nullopt;
}

void SubscriberProtocol::expire(Time now) {
  for (std::size_t count = 0; count < kCompletionsPerTurn; ++count) {
    const auto expired = calls_.expire(now);
    if (!expired) return;
    const ChannelState& state = expired->channel->second;
    if (state.want && state.have != Have::subscribed) table_.set_recovering(*expired->channel, true);
  }
}

void SubscriberProtocol::write_commands(Time now, std::string& out) {
  const double seconds = std::chrono::duration<double>(now - std::exchange(allowance_at_, now)).count();
  allowance_ = std::min(allowance_ + seconds * resubscribe_rate_, resubscribe_rate_ / 10);

  for (; !halves_.empty() && channels_in_flight_ < kWindow; halves_.pop_front()) write(std::move(halves_.front()), now, out);

  std::map<std::pair<Verb, std::size_t>, std::vector<Channel*>> batches;  // in a cluster each of one slot
  std::size_t collected = 0;
  const auto collect = [&](Verb verb, Channel& channel, Have have) {
    channel.second.have = have;
    std::vector<Channel*>& batch = batches[{verb, tags_ ? HashTags::group(channel.first) : 0}];
    batch.push_back(&channel);
    ++collected;
    if (batch.size() < kChannelsPerCommand) return;
    collected -= batch.size();
    write({verb, std::exchange(batch, {}), 0, {}, {}}, now, out);
  };
  while (channels_in_flight_ + collected < kWindow) {
    if (queue_.empty()) scan();
    if (queue_.empty()) break;
    Channel& channel = *queue_.front();
    queue_.pop_front();
    channel.second.queued = false;
    if (!draining_ && channel.second.want && channel.second.have == Have::nothing) {
      collect(Verb::subscribe, channel, Have::subscribing);
    } else if (!channel.second.want && channel.second.have == Have::subscribed) {
      collect(Verb::unsubscribe, channel, Have::unsubscribing);
    } else if (!channel.second.want) {
      table_.erase(channel);
    }
  }
  for (auto& [of, channels] : batches) {
    if (!channels.empty()) write({of.first, std::move(channels), 0, {}, {}}, now, out);
  }
}

/// Queues what the new link must be told, or what is to be given up, as far as the allowance goes.
void SubscriberProtocol::scan() {
  while (queue_.size() < kChannelsPerCommand && !table_.scanned() && (draining_ || allowance_ >= 1)) {
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

void SubscriberProtocol::write(Batch batch, Time now, std::string& out) {
  batch.deadline = now + call_timeout();
  append_count(out, batch.channels.size() + 1);
  append_argument(out, batch.verb == Verb::subscribe ? dialect_.subscribe : dialect_.unsubscribe);
  for (const Channel* channel : batch.channels) append_argument(out, channel->first);
  if (tags_ && batch.verb == Verb::unsubscribe) {
    batch.fence = "fence " + std::to_string(++fences_);
    append_command(out, {"PING", batch.fence});
  }
  channels_in_flight_ += batch.channels.size();
  in_flight_.push_back(std::move(batch));
}

/// Only marks what there is to do: there may be a hundred thousand of them.
void SubscriberProtocol::on_lost(std::uint64_t) {
  messages_.clear();  // there are none, unless memory ran out in a read; and then its bytes are gone
  deliver();
  lost_.insert(lost_.end(), queue_.begin(), queue_.end());
  for (const std::deque<Batch>* batches : {&halves_, &in_flight_}) {
    for (const Batch& batch : *batches) {
      lost_.insert(lost_.end(), batch.channels.begin() + static_cast<std::ptrdiff_t>(batch.answered), batch.channels.end());
    }
  }
  lost_.insert(lost_.end(), put_off_.begin(), put_off_.end());
  std::erase_if(lost_, [this](const Channel* channel) { return is_probe(*channel); });
  probes_.erase(probes_.begin(), std::prev(probes_.end()));
  put_off_.clear();
  queue_.clear();
  halves_.clear();
  in_flight_.clear();
  channels_in_flight_ = 0;
  probe_subscribed_ = false;
  restart_probe();
  lost_channels_ = lost_channels_ || std::exchange(confirmed_, false);
  if (!std::exchange(link_in_use_, false)) return;
  table_.new_link();
  for (Channel* channel : lost_) {
    table_.refresh(*channel);
    channel->second.queued = true;  // so that nobody else queues or erases it
  }
}

/// The server has forgotten the channel: an unsubscribe is done, and what is not wanted has nothing left to wait for.
void SubscriberProtocol::settle_lost() {
  for (std::size_t count = 0; count < kCompletionsPerTurn && !lost_.empty(); ++count) {
    Channel& channel = *lost_.front();
    lost_.pop_front();
    channel.second.queued = false;
    if (!channel.second.want) calls_.finish(channel, Verb::subscribe, {errc::superseded, {}});
    calls_.finish(channel, Verb::unsubscribe, {});
    if (!channel.second.want) {
      table_.erase(channel);
    } else if (established()) {
      enqueue(channel);
    }
  }
}

void SubscriberProtocol::drain() {
  calls_.finish_all({errc::closed, "the broker is stopped"});
  draining_ = true;
  table_.rewind();
}

bool SubscriberProtocol::drained() const noexcept {
  return !established() ||
         (draining_ && table_.scanned() && queue_.empty() && halves_.empty() && in_flight_.empty() && put_off_.empty());
}

}  // namespace signalbox::redis
