// A Kafka broker with the host it speaks to.
#pragma once

#include <string>
#include <utility>

#include "brokers/kafka/kafka_broker.hpp"
#include "tests/support/broker_instance.hpp"

namespace signalbox::test {

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

class KafkaInstance : public BrokerInstance<KafkaBroker> {
 public:
  explicit KafkaInstance(const std::string& bootstrap_servers, const std::string& instance = "test-1", Values values = {},
                         milliseconds call_timeout = 2000ms)
      : BrokerInstance(kafka_settings(bootstrap_servers, std::move(values)), instance, call_timeout) {}
};

}  // namespace signalbox::test
