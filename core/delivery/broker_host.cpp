#include "core/delivery/broker_host.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/delivery/envelope.hpp"
#include "core/delivery/publisher.hpp"

namespace signalbox {
namespace {

constexpr ShardSet kAllShards = ~ShardSet{0};

/// In their order, each once: the connections of one broker often have the same thing to say.
std::vector<std::string> unique(std::span<const std::string_view> reasons) {
  std::vector<std::string> once;
  for (const std::string_view reason : reasons) {
    if (std::find(once.begin(), once.end(), reason) == once.end()) once.emplace_back(reason);
  }
  return once;
}

std::string joined(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons) text += (text.empty() ? ": " : "; ") + reason;
  return text;
}

}  // namespace

BrokerHost::BrokerHost(std::string name, std::string instance_id, std::string channel_prefix,
                       std::chrono::milliseconds call_timeout, std::size_t message_bytes, Log& log, Metrics& metrics)
    : name_(std::move(name)),
      instance_id_(std::move(instance_id)),
      prefix_(std::move(channel_prefix)),
      control_channel_(signalbox::control_channel(prefix_)),
      message_bytes_(message_bytes),
      info_{instance_id_, prefix_, call_timeout, message_bytes + kEnvelopeBytes},
      log_(log),
      metrics_(metrics) {}

void BrokerHost::attach(Broker& broker, UserRegistry& registry, DeliverySink& sink) noexcept {
  broker_ = &broker;
  registry_ = &registry;
  sink_ = &sink;
}

BrokerStatus BrokerHost::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

bool BrokerHost::log_enabled(LogLevel level) const noexcept { return log_.enabled(level); }

void BrokerHost::log(LogLevel level, std::string_view text) noexcept {
  switch (level) {
    case LogLevel::debug: log_.debug("broker.{}: {}", name_, text); break;  // who turns it on wants to see all
    case LogLevel::info: log_.limited(LineKind::plugin_info, level, "broker.{}: {}", name_, text); break;
    case LogLevel::warning: log_.limited(LineKind::plugin_warning, level, "broker.{}: {}", name_, text); break;
    case LogLevel::error: log_.limited(LineKind::plugin_error, level, "broker.{}: {}", name_, text); break;
  }
}

std::string_view BrokerHost::user_of(std::string_view channel) const noexcept {
  if (!channel.starts_with(prefix_)) return {};
  channel.remove_prefix(prefix_.size());
  const bool reserved = channel.starts_with('\x01') || channel.starts_with('\x02');
  return reserved ? std::string_view() : channel;
}

void BrokerHost::deliver(std::span<const Message> messages) noexcept {
  // A batch's routes outlive the call only as capacity: one allocation a thread, not one a batch.
  thread_local std::vector<RoutedMessage> batch;
  batch.clear();
  for (const Message& message : messages) route(message, batch);
  if (!batch.empty()) sink_->hand_over(batch);
}

void BrokerHost::route(const Message& message, std::vector<RoutedMessage>& batch) {
  const std::string_view user_key = user_of(message.channel);
  if (user_key.empty()) {
    if (message.channel == control_channel_) obey(message);
    return;
  }
  const ShardSet shards = registry_->shards_of(user_key);
  if (shards == 0) {
    metrics_.drop(Dropped::no_receiver);
    return;
  }
  const Envelope envelope = decode_envelope(message.payload);
  if (!envelope.known_kind || envelope.kind == Kind::control) {
    metrics_.drop(Dropped::unknown_kind);
    return;
  }
  if (envelope.payload.size() > message_bytes_) {
    metrics_.drop(Dropped::oversize);
    metrics_.gaps.add();
    sink_->gap(shards, user_key, "a message was larger than limits.message_bytes");
    return;
  }
  if (!envelope.foreign) {
    if (!window_.first_time(envelope.publisher, envelope.sequence)) {
      metrics_.drop(Dropped::duplicate);
      return;
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    metrics_.delivery_lag_seconds.observe(std::chrono::duration_cast<std::chrono::microseconds>(now) -
                                          std::chrono::microseconds(envelope.sent_us));
  }
  batch.push_back({shards, user_key, envelope.payload, envelope.kind == Kind::text});
}

void BrokerHost::obey(const Message& message) {
  const Envelope envelope = decode_envelope(message.payload);
  const bool order = !envelope.foreign && envelope.kind == Kind::control;
  const std::string_view user_key = order ? read_disconnect_order(envelope.payload) : std::string_view();
  if (user_key.empty()) {
    metrics_.drop(Dropped::unknown_kind);
    return;
  }
  if (const ShardSet shards = registry_->shards_of(user_key)) sink_->disconnect(shards, user_key);
}

void BrokerHost::gap(std::span<const std::string_view> channels, std::string_view reason) noexcept {
  metrics_.gaps.add();
  if (channels.empty()) {
    log_.limited(LineKind::gap, LogLevel::warning, "broker.{}: messages may have been missed: {}", name_, reason);
    sink_->gap(kAllShards, {}, reason);
  }
  for (const std::string_view channel : channels) {
    const std::string_view user_key = user_of(channel);
    if (user_key.empty()) continue;
    if (const ShardSet shards = registry_->shards_of(user_key)) sink_->gap(shards, user_key, reason);
  }
}

void BrokerHost::refused(std::string_view channel, const Status& why) noexcept {
  if (const std::string_view user_key = user_of(channel); !user_key.empty()) {
    registry_->broker_refused(user_key, why);
  } else {
    log_.limited(LineKind::plugin_error, LogLevel::error, "broker.{}: refuses a channel of Signalbox's own: {}: {}", name_,
                 why.code.message(), why.detail);
  }
}

std::string BrokerHost::too_small_payload() const {
  const std::size_t largest = broker_->capabilities().max_payload_bytes;
  if (largest >= info_.payload_bytes) return {};
  return fmt::format(
      "config: the broker takes payloads up to {} bytes, limits.message_bytes needs {}: lower it or raise the "
      "broker's limit",
      largest, info_.payload_bytes);
}

void BrokerHost::state(State state, std::span<const std::string_view> reasons) noexcept {
  BrokerStatus status{state, unique(reasons)};
  if (state == State::ready) {
    if (std::string reason = too_small_payload(); !reason.empty()) {
      status = {State::failed, {std::move(reason)}};
    }
  }
  const bool ready = status.state == State::ready;
  const std::string line = fmt::format("broker.{}: {}{}", name_, word(status.state), joined(status.reasons));
  bool changed = false;
  {
    const std::lock_guard lock(mutex_);
    changed = status.state != status_.state;
    if (ready && was_ready_ && changed) metrics_.broker_reconnects.add();
    was_ready_ = was_ready_ || ready;
    status_ = std::move(status);
  }
  if (ready) registry_->broker_is_ready();
  // Repeated attempts that fail alike are one line.
  if (!changed) {
    log_.debug("{}", line);
  } else {
    const bool expected = ready || state == State::connecting || state == State::closed;
    log_.limited(LineKind::broker_state, expected ? LogLevel::info : LogLevel::warning, "{}", line);
  }
}

}  // namespace signalbox
