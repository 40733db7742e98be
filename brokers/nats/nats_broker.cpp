#include "brokers/nats/nats_broker.hpp"

#include <algorithm>

#include "brokers/nats/engine.hpp"

namespace signalbox {
namespace {

constexpr std::size_t kCallOverhead = 256;  // what a call holds beside its bytes

}  // namespace

NatsBroker::NatsBroker(const Settings& settings)
    : ThreadedBroker(settings, kCallOverhead), options_(nats::read_options(settings)), clustered_(options_.servers.size() > 1) {
  nats::check_files(options_);
}

NatsBroker::~NatsBroker() { end_engine(); }

std::unique_ptr<brokers::Engine> NatsBroker::make_engine(Host& host, brokers::Intake& intake, brokers::Budget& budget) {
  return std::make_unique<nats::Engine>(options_, host, intake, budget, max_payload_, clustered_);
}

Capabilities NatsBroker::capabilities() const {
  Capabilities capabilities;
  capabilities.receivers = Precision::at_least;
  capabilities.exists = ExistsKind::probed;
  capabilities.propagation_hint = clustered_ ? nats::Engine::kPropagation : std::chrono::milliseconds(0);
  capabilities.dead_host_bound = std::chrono::milliseconds(0);
  // A publish must fit into the queue.
  capabilities.max_payload_bytes = std::min(max_payload_.load(), queued_payload_bytes());
  return capabilities;
}

}  // namespace signalbox
