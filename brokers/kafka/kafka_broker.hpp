// Kafka as a broker: a compacted topic is the routing table, the partitions of another are the instances' inboxes.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/common/budget.hpp"
#include "brokers/common/intake.hpp"
#include "brokers/kafka/options.hpp"

namespace signalbox {

namespace kafka {
class Engine;
}

/// Capabilities: receivers are an estimate and exists is replicated, both from a copy of the routing table. Nothing is lost in
/// an outage of the cluster; where others may have counted this instance out meanwhile, a gap is told.
class KafkaBroker final : public Broker {
 public:
  /// Errors: std::invalid_argument, one line.
  explicit KafkaBroker(const Settings& settings);
  ~KafkaBroker() override;

  void start(Host& host) override;
  void subscribe(std::string_view channel, Done done) override;
  void unsubscribe(std::string_view channel, Done done) override;
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override;
  void exists(std::string_view channel, ExistsDone done) override;
  [[nodiscard]] Capabilities capabilities() const override;
  void stop(std::chrono::milliseconds deadline) override;

 private:
  void append(brokers::Call call, std::string_view channel, std::string_view payload = {});

  kafka::Options options_;
  brokers::Budget budget_;
  brokers::Intake intake_;
  std::atomic<std::size_t> payload_bytes_;
  std::unique_ptr<kafka::Engine> engine_;
};

}  // namespace signalbox
