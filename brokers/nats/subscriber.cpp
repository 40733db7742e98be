#include "brokers/nats/subscriber.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "brokers/nats/subject.hpp"

namespace signalbox::nats {

using brokers::Have;
using brokers::Verb;

Subscriber::Subscriber(std::size_t resubscribe_rate, std::size_t named_bytes, Refused refused)
    : named_bytes_(named_bytes), refused_(std::move(refused)), channels_(resubscribe_rate) {}

bool Subscriber::delivers(const std::string& name) {
  const Channel* channel = channels_.table().find(name);
  return channel && channel->second.have != Have::nothing;
}

void Subscriber::on_up(Wire& wire, Time now) {
  wire_ = &wire;
  fence_.reset();
  channels_.link_up(now);
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
  if (channel.second.have == Have::subscribing) return channels_.confirm(channel);
  if (channel.second.have == Have::nothing) channel.second.queued = false;  // refused; marked so that nobody erased it
  channels_.release(channel);
}

void Subscriber::on_violation(const Violation& violation, std::string_view name) {
  if (violation.publish) return;
  if (!violation.whole) return refuse_one_of(name, violation.text);
  Channel* channel = channels_.table().find(std::string(name));
  if (channel && (channel->second.have == Have::subscribing || channel->second.have == Have::subscribed)) {
    refuse(*channel, violation.text);
  }
}

void Subscriber::refuse(Channel& channel, const std::string& detail) {
  const bool in_batch = channel.second.have == Have::subscribing;
  if (wire_) wire_->unsubscribe(channel.first);
  if (channels_.reject(channel, detail)) refused_(channel.first, detail);
  if (in_batch) {
    channel.second.queued = true;  // until conclude()
  } else if (!channel.second.queued) {
    channels_.table().erase(channel);
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
  channels_.turn(now);
  if (!wire_) return std::nullopt;
  if (fault_) return std::exchange(fault_, std::nullopt);
  if (fence_.late(now)) return Fault{FaultKind::lost, "no echo of the loopback probe for 3 s"};
  if (fence_.open()) return std::nullopt;
  say_batch();
  if (!batch_.empty() || !leaving_.empty() || fence_.idle(now)) fence_.send(*wire_, now);
  return std::nullopt;
}

void Subscriber::say_batch() {
  std::size_t long_names = 0;
  while (batch_.size() + leaving_.size() < kBatch) {
    Channel* channel = channels_.front();
    if (!channel) return;
    if (token_size(channel->first) > named_bytes_ && ++long_names > long_names_) return;
    const auto verb = channels_.take_front();
    if (verb == Verb::subscribe) {
      wire_->subscribe(channel->first);
      batch_.push_back(channel);
    } else if (verb == Verb::unsubscribe) {
      leaving_.push_back(channel);
    }
  }
}

void Subscriber::on_down() {
  if (!std::exchange(wire_, nullptr)) return;
  fence_.reset();
  fault_.reset();
  ambiguous_ = false;
  batch_.insert(batch_.end(), leaving_.begin(), leaving_.end());
  channels_.link_down(batch_);
  batch_.clear();
  leaving_.clear();
}

bool Subscriber::drained() const noexcept { return !wire_ || (channels_.drained() && batch_.empty() && leaving_.empty()); }

}  // namespace signalbox::nats
