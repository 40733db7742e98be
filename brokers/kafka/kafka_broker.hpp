// Kafka as a broker: a compacted topic is the routing table, the partitions of another are the instances' inboxes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/common/threaded_broker.hpp"
#include "brokers/kafka/options.hpp"

namespace signalbox {

/// Capabilities: receivers are an estimate and exists is replicated, both from a copy of the routing table. Nothing is lost in
/// an outage of the cluster; where others may have counted this instance out meanwhile, a gap is told.
class KafkaBroker final : public brokers::ThreadedBroker {
 public:
  /// Errors: std::invalid_argument, one line.
  explicit KafkaBroker(const Settings& settings);
  ~KafkaBroker() override;

  [[nodiscard]] Capabilities capabilities() const override;

 private:
  std::unique_ptr<brokers::Engine> make_engine(Host& host, brokers::Intake& intake, brokers::Budget& budget) override;

  kafka::Options options_;
  std::atomic<std::size_t> payload_bytes_;
};

}  // namespace signalbox
