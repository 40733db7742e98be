// librdkafka's mock cluster: for faults that a real Kafka can't be made to show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

namespace signalbox::test {

/// Three brokers in this process. It speaks what a client needs to produce and to fetch; no topic can be described or made by
/// the protocol.
class MockKafka {
 public:
  /// The protocol's numbers of requests.
  enum class Request : std::int16_t { produce = 0, fetch = 1, producer_id = 22 };
  static constexpr int kBrokers = 3;

  MockKafka();
  ~MockKafka();
  MockKafka(const MockKafka&) = delete;
  MockKafka& operator=(const MockKafka&) = delete;

  [[nodiscard]] std::string bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  /// Of one partition.
  void make_topic(const std::string& name);
  /// The next `times` of these requests get that error and have no effect.
  void refuse(Request request, rd_kafka_resp_err_t error, std::size_t times);
  /// The brokers say so of the topic to who asks which broker leads it; NO_ERROR: no more.
  void spoil(const std::string& topic, rd_kafka_resp_err_t error);
  /// 1 to kBrokers.
  void lead(const std::string& topic, int broker);

 private:
  rd_kafka_t* owner_;
  rd_kafka_mock_cluster_t* cluster_;
};

}  // namespace signalbox::test
