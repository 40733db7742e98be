#include "brokers/nats/nats_broker.hpp"

#include <algorithm>
#include <utility>

#include "brokers/nats/engine.hpp"

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

NatsBroker::NatsBroker(const Settings& settings)
    : options_(nats::read_options(settings)), clustered_(options_.servers.size() > 1), budget_(options_.publish_queue_bytes) {}

NatsBroker::~NatsBroker() = default;

void NatsBroker::start(Host& host) {
  engine_ = std::make_unique<nats::Engine>(options_, host, intake_, budget_, max_payload_, clustered_);
  try {
    engine_->start();  // once it can be found: the host may call a verb from its first callback
  } catch (...) {
    engine_.reset();  // no thread could be made, and nothing would ever complete what it is handed
    throw;
  }
}

void NatsBroker::subscribe(std::string_view channel, Done done) {
  append({Call::Kind::subscribe, 0, 0, 0, std::move(done), check(channel)}, channel);
}

void NatsBroker::unsubscribe(std::string_view channel, Done done) {
  append({Call::Kind::unsubscribe, 0, 0, 0, std::move(done), check(channel)}, channel);
}

void NatsBroker::publish(std::string_view channel, std::string_view payload, PublishDone done) {
  Status refusal = check(channel);
  if (payload.size() > capabilities().max_payload_bytes) refusal = {errc::too_large, "the payload exceeds the broker's limit"};
  append({Call::Kind::publish, 0, 0, channel.size() + payload.size() + kCallOverhead, std::move(done), refusal}, channel,
         payload);
}

void NatsBroker::exists(std::string_view channel, ExistsDone done) {
  append({Call::Kind::exists, 0, 0, channel.size() + kCallOverhead, std::move(done), check(channel)}, channel);
}

void NatsBroker::append(Call call, std::string_view channel, std::string_view payload) {
  if (!engine_) return call.finish({errc::unavailable, "the broker could not be started"});  // here: it has no thread
  if (call.refusal.ok() && !budget_.take(call.cost)) call.refusal = {errc::overloaded, "publish_queue_bytes is reached"};
  if (!call.refusal.ok()) {
    call.cost = 0;
    channel = payload = {};  // of any length, and not needed
  }
  if (intake_.append(std::move(call), channel, payload)) engine_->wake();
}

Capabilities NatsBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::at_least;
  capabilities.exists = ExistsKind::probed;
  capabilities.propagation_hint = clustered_ ? nats::Engine::kPropagation : std::chrono::milliseconds(0);
  capabilities.dead_host_bound = std::chrono::milliseconds(0);
  // A publish must fit into the queue.
  capabilities.max_payload_bytes = std::min(max_payload_.load(), options_.publish_queue_bytes - kChannelBytes - kCallOverhead);
  return capabilities;
}

void NatsBroker::stop(std::chrono::milliseconds deadline) {
  if (engine_) engine_->stop(deadline);
}

}  // namespace signalbox
