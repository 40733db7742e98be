#include "brokers/kafka/kafka_broker.hpp"

#include <utility>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/engine.hpp"

namespace signalbox {
namespace {

constexpr std::size_t kCallOverhead = 512;      // what a call and its record in librdkafka hold beside their bytes
constexpr std::size_t kPayloadBytes = 990'000;  // until the cluster has said what it takes

}  // namespace

KafkaBroker::KafkaBroker(const Settings& settings) : KafkaBroker(kafka::read_options(settings)) {}

KafkaBroker::KafkaBroker(kafka::Options options)
    : ThreadedBroker(options.publish_queue_bytes, kCallOverhead), options_(std::move(options)), payload_bytes_(kPayloadBytes) {
  kafka::check_properties(options_);
}

KafkaBroker::~KafkaBroker() { end_engine(); }

std::unique_ptr<brokers::Engine> KafkaBroker::make_engine(Host& host, brokers::Intake& intake, brokers::Budget& budget) {
  return std::make_unique<kafka::Engine>(options_, host, intake, budget, payload_bytes_);
}

Capabilities KafkaBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::estimate;
  capabilities.exists = ExistsKind::replicated;
  capabilities.propagation_hint = kafka::kPropagation;
  capabilities.dead_host_bound = std::chrono::seconds(8);
  capabilities.max_payload_bytes = payload_bytes_;
  capabilities.continuity = true;
  return capabilities;
}

}  // namespace signalbox
