#include "brokers/redis/redis_broker.hpp"

#include <algorithm>

#include "brokers/redis/engine.hpp"

namespace signalbox {
namespace {

constexpr std::size_t kCallOverhead = 256;  // what a call holds beside its bytes

}  // namespace

RedisBroker::RedisBroker(const Settings& settings)
    : ThreadedBroker(settings, kCallOverhead),
      options_(redis::read_options(settings)),
      tls_(redis::make_tls_context(options_.tls)) {}

RedisBroker::~RedisBroker() { end_engine(); }

std::unique_ptr<brokers::Engine> RedisBroker::make_engine(Host& host, brokers::Intake& intake, brokers::Budget& budget) {
  return std::make_unique<redis::Engine>(options_, tls_.get(), host, intake, budget);
}

Capabilities RedisBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::exact;
  capabilities.exists = ExistsKind::authoritative;
  // A publish must fit into the queue.
  capabilities.max_payload_bytes = std::min(kPayloadBytes, queued_payload_bytes());
  return capabilities;
}

}  // namespace signalbox
