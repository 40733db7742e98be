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
      channels_(resubscribe_rate),
      probes_{Channel(std::move(probe_channel), ChannelState{})} {}

bool SubscriberProtocol::probe_due(Time now) const noexcept {
  if (!probe_subscribed_ || probe_sent_ || probe_uncounted_) return false;
  return !probed() || probe_moved_ || now - message_at_ >= kProbeIdle;
}

void SubscriberProtocol::restart_probe() noexcept {
  probe_echoed_ = probe_counted_ = probe_uncounted_ = probe_sent_ = false;
  ++probe_round_;
}

std::string_view SubscriberProtocol::hint(Time now) const {
  if (!established() || now - flooded_at_ > kRecently) return {};
  return "; messages were pouring in: if the server's log tells of output buffer limits, raise its client-output-buffer-limit "
         "pubsub";
}

void SubscriberProtocol::on_established(Time now) {
  channels_.link_up(now);
  pinged_at_.reset();
  message_at_ = answered_at_ = now;
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
    probe_sent_ = false;
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
  answered(1, now);
  if (++batch.answered == batch.channels.size()) in_flight_.pop_front();
  verb == Verb::subscribe ? confirm(channel) : release(channel);
  return std::nullopt;
}

void SubscriberProtocol::answered(std::size_t channels, Time now) noexcept {
  answered_at_ = now;
  channels_in_flight_ -= channels;
  if (ahead_of_echo_ == 0) return;
  ahead_of_echo_ -= std::min(ahead_of_echo_, channels);
  if (echo_from_) echo_from_ = now;
}

void SubscriberProtocol::confirm(Channel& channel) {
  if (is_probe(channel)) {
    probe_subscribed_ = &channel == &probes_.back();
    return;
  }
  if (channel.second.missed) missed_.push_back(channel.first);
  channel.second.missed = false;
  channels_.confirm(channel);
}

void SubscriberProtocol::release(Channel& channel) {
  deliver();  // after the call is done there is no message
  channels_.release(channel);
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
  const Batch batch = std::move(in_flight_.front());
  in_flight_.pop_front();
  answered(batch.channels.size(), now);
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
  if (channels_.reject(channel, error)) {
    std::string name = channel.first;
    events_.on_refused(tags_ ? tags_->plain(name.data(), name.size()) : name, error);
  }
  channels_.table().erase(channel);
  return std::nullopt;
}

std::optional<Fault> SubscriberProtocol::on_turn(Time now, std::string& out) {
  channels_.turn(now);
  take_up(now);
  gave_up_ = gave_up_ && !(channels_.quiet() && in_flight_.empty() && put_off_.empty());
  if (!established()) return std::nullopt;
  if (unconfirmed(now)) return Fault{FaultKind::lost, "a subscription was not answered in time"};
  write_commands(now, out);
  return keep_alive(now, out);
}

/// Not how old the oldest command is, but that nothing moves: a whole fleet that comes back keeps the server busy for long, and
/// to make all of it anew would keep it busy for longer. Those who wait are told at their own deadlines.
bool SubscriberProtocol::unconfirmed(Time now) const noexcept {
  if (in_flight_.empty()) return false;
  const Time written_at = in_flight_.front().written_at;
  return now - std::max(written_at, heard_at()) >= std::max(call_timeout(), kSilence) ||
         now - std::max(written_at, answered_at_) >= kUnconfirmed;
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

void SubscriberProtocol::write_commands(Time now, std::string& out) {
  for (; !halves_.empty() && channels_in_flight_ < kWindow; halves_.pop_front()) write(std::move(halves_.front()), now, out);

  std::map<std::pair<Verb, std::size_t>, std::vector<Channel*>> batches;  // in a cluster each of one slot
  std::size_t collected = 0;
  const auto collect = [&](Verb verb, Channel& channel) {
    std::vector<Channel*>& batch = batches[{verb, tags_ ? HashTags::group(channel.first) : 0}];
    batch.push_back(&channel);
    ++collected;
    if (batch.size() < kChannelsPerCommand) return;
    collected -= batch.size();
    write({verb, std::exchange(batch, {}), 0, {}, {}}, now, out);
  };
  while (channels_in_flight_ + collected < kWindow) {
    Channel* channel = channels_.front();
    if (!channel) break;
    if (const auto verb = channels_.take_front()) collect(*verb, *channel);
  }
  for (auto& [of, channels] : batches) {
    if (!channels.empty()) write({of.first, std::move(channels), 0, {}, {}}, now, out);
  }
}

void SubscriberProtocol::write(Batch batch, Time now, std::string& out) {
  batch.written_at = now;
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

void SubscriberProtocol::on_lost(std::uint64_t) {
  messages_.clear();  // there are none, unless memory ran out in a read; and then its bytes are gone
  deliver();
  std::vector<Channel*> under_way;
  for (const std::deque<Batch>* batches : {&halves_, &in_flight_}) {
    for (const Batch& batch : *batches) {
      under_way.insert(under_way.end(), batch.channels.begin() + static_cast<std::ptrdiff_t>(batch.answered),
                       batch.channels.end());
    }
  }
  under_way.insert(under_way.end(), put_off_.begin(), put_off_.end());
  std::erase_if(under_way, [this](const Channel* channel) { return is_probe(*channel); });
  channels_.link_down(under_way);
  probes_.erase(probes_.begin(), std::prev(probes_.end()));
  put_off_.clear();
  halves_.clear();
  in_flight_.clear();
  channels_in_flight_ = ahead_of_echo_ = 0;
  probe_subscribed_ = false;
  restart_probe();
}

bool SubscriberProtocol::drained() const noexcept {
  return !established() || (channels_.drained() && halves_.empty() && in_flight_.empty() && put_off_.empty());
}

}  // namespace signalbox::redis
