#include "brokers/redis/redis_broker.hpp"

#include <algorithm>
#include <utility>

#include "brokers/redis/engine.hpp"

namespace signalbox {
namespace {

using brokers::Call;

constexpr std::size_t kChannelBytes = 768;  // broker.hpp
constexpr std::size_t kCallOverhead = 256;  // what a call holds beside its bytes

Status check(std::string_view channel) noexcept {
  if (!channel.empty() && channel.size() <= kChannelBytes) return {};
  return {errc::invalid_argument, "a channel has 1 to 768 bytes"};
}

}  // namespace

RedisBroker::RedisBroker(const Settings& settings)
    : options_(redis::read_options(settings)),
      tls_(redis::make_tls_context(options_.tls)),
      budget_(options_.publish_queue_bytes) {}

RedisBroker::~RedisBroker() = default;

void RedisBroker::start(Host& host) {
  engine_ = std::make_unique<redis::Engine>(options_, tls_.get(), host, intake_, budget_);
  try {
    engine_->start();  // once it can be found: the host may call a verb from its first callback
  } catch (...) {
    engine_.reset();  // no thread could be made, and nothing would ever complete what it is handed
    throw;
  }
}

void RedisBroker::subscribe(std::string_view channel, Done done) {
  append({Call::Kind::subscribe, 0, 0, 0, std::move(done), check(channel)}, channel);
}

void RedisBroker::unsubscribe(std::string_view channel, Done done) {
  append({Call::Kind::unsubscribe, 0, 0, 0, std::move(done), check(channel)}, channel);
}

void RedisBroker::publish(std::string_view channel, std::string_view payload, PublishDone done) {
  Status refusal = check(channel);
  if (payload.size() > capabilities().max_payload_bytes) refusal = {errc::too_large, "the payload exceeds the broker's limit"};
  append({Call::Kind::publish, 0, 0, channel.size() + payload.size() + kCallOverhead, std::move(done), refusal}, channel,
         payload);
}

void RedisBroker::exists(std::string_view channel, ExistsDone done) {
  append({Call::Kind::exists, 0, 0, channel.size() + kCallOverhead, std::move(done), check(channel)}, channel);
}

void RedisBroker::append(Call call, std::string_view channel, std::string_view payload) {
  if (!engine_) return call.finish({errc::unavailable, "the broker could not be started"});  // here: it has no thread
  if (call.refusal.ok() && !budget_.take(call.cost)) call.refusal = {errc::overloaded, "publish_queue_bytes is reached"};
  if (!call.refusal.ok()) {
    call.cost = 0;
    channel = payload = {};  // of any length, and not needed
  }
  if (intake_.append(std::move(call), channel, payload)) engine_->wake();
}

Capabilities RedisBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::exact;
  capabilities.exists = ExistsKind::authoritative;
  // A publish must fit into the queue.
  capabilities.max_payload_bytes = std::min(kPayloadBytes, options_.publish_queue_bytes - kChannelBytes - kCallOverhead);
  return capabilities;
}

void RedisBroker::stop(std::chrono::milliseconds deadline) {
  if (engine_) engine_->stop(deadline);
}

}  // namespace signalbox
