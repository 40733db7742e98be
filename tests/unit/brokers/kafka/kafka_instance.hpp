// A Kafka broker with the host it speaks to.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "brokers/kafka/kafka_broker.hpp"
#include "tests/support/broker_calls.hpp"
#include "tests/support/recording_host.hpp"

namespace signalbox::test {

using Values = std::vector<std::pair<std::string, std::string>>;

/// As the host hands them over, complete; where a key is given twice the first counts. Topics small enough to be made in no
/// time.
inline Settings kafka_settings(const std::string& bootstrap_servers, Values values = {}) {
  values.insert(values.end(), {{"bootstrap_servers", bootstrap_servers},
                               {"topic_prefix", "signalbox"},
                               {"create_topics", "true"},
                               {"presence_partitions", "2"},
                               {"inbox_partitions", "6"},
                               {"replication_factor", "-1"},
                               {"publish_queue_bytes", "67108864"}});
  return Settings(std::move(values));
}

/// Started; stops at the end of its life.
class KafkaInstance {
 public:
  explicit KafkaInstance(const std::string& bootstrap_servers, const std::string& instance = "test-1", Values values = {})
      : host(instance) {
    broker = std::make_unique<KafkaBroker>(kafka_settings(bootstrap_servers, std::move(values)));
    broker->start(host);
  }
  ~KafkaInstance() { broker->stop(std::chrono::seconds(5)); }

  KafkaBroker& operator*() const { return *broker; }

  RecordingHost host;
  std::unique_ptr<KafkaBroker> broker;
};

}  // namespace signalbox::test
