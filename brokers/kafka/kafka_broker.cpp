#include "brokers/kafka/kafka_broker.hpp"

#include <utility>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/engine.hpp"

namespace signalbox {
namespace {

using brokers::Call;

constexpr std::size_t kChannelBytes = 768;      // broker.hpp
constexpr std::size_t kCallOverhead = 512;      // what a call and its record in librdkafka hold beside their bytes
constexpr std::size_t kPayloadBytes = 990'000;  // until the cluster has said what it takes

Status check(std::string_view channel) noexcept {
  if (!channel.empty() && channel.size() <= kChannelBytes) return {};
  return {errc::invalid_argument, "a channel has 1 to 768 bytes"};
}

}  // namespace

KafkaBroker::KafkaBroker(const Settings& settings)
    : options_(kafka::read_options(settings)), budget_(options_.publish_queue_bytes), payload_bytes_(kPayloadBytes) {
  kafka::check_properties(options_);
}

KafkaBroker::~KafkaBroker() = default;

void KafkaBroker::start(Host& host) {
  engine_ = std::make_unique<kafka::Engine>(options_, host, intake_, budget_, payload_bytes_);
  try {
    engine_->start();  // once it can be found: the host may call a verb from its first callback
  } catch (...) {
    engine_.reset();  // no thread could be made, and nothing would ever complete what it is handed
    throw;
  }
}

void KafkaBroker::subscribe(std::string_view channel, Done done) {
  append({Call::Kind::subscribe, 0, 0, 0, std::move(done), check(channel)}, channel);
}

void KafkaBroker::unsubscribe(std::string_view channel, Done done) {
  append({Call::Kind::unsubscribe, 0, 0, 0, std::move(done), check(channel)}, channel);
}

void KafkaBroker::publish(std::string_view channel, std::string_view payload, PublishDone done) {
  Status refusal = check(channel);
  if (payload.size() > payload_bytes_) refusal = {errc::too_large, "the payload exceeds the broker's limit"};
  append({Call::Kind::publish, 0, 0, channel.size() + payload.size() + kCallOverhead, std::move(done), refusal}, channel,
         payload);
}

void KafkaBroker::exists(std::string_view channel, ExistsDone done) {
  append({Call::Kind::exists, 0, 0, channel.size() + kCallOverhead, std::move(done), check(channel)}, channel);
}

void KafkaBroker::append(Call call, std::string_view channel, std::string_view payload) {
  if (!engine_) return call.finish({errc::unavailable, "the broker could not be started"});  // here: it has no thread
  if (call.refusal.ok() && !budget_.take(call.cost)) call.refusal = {errc::overloaded, "publish_queue_bytes is reached"};
  if (!call.refusal.ok()) {
    call.cost = 0;
    channel = payload = {};  // of any length, and not needed
  }
  if (intake_.append(std::move(call), channel, payload)) engine_->wake();
}

Capabilities KafkaBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::estimate;
  capabilities.exists = ExistsKind::replicated;
  capabilities.propagation_hint = std::chrono::seconds(1);
  capabilities.dead_host_bound = std::chrono::seconds(8);
  capabilities.max_payload_bytes = payload_bytes_;
  capabilities.continuity = true;
  return capabilities;
}

void KafkaBroker::stop(std::chrono::milliseconds deadline) {
  if (engine_) engine_->stop(deadline);
}

}  // namespace signalbox
