#include "tests/unit/brokers/kafka/mock_kafka.hpp"

#include <array>
#include <stdexcept>
#include <vector>

namespace signalbox::test {

MockKafka::MockKafka() {
  std::array<char, 256> error{};
  owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error.data(), error.size());
  if (owner_ == nullptr) throw std::runtime_error(error.data());
  cluster_ = rd_kafka_mock_cluster_new(owner_, kBrokers);
}

MockKafka::~MockKafka() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(owner_);
}

void MockKafka::make_topic(const std::string& name) {
  if (rd_kafka_mock_topic_create(cluster_, name.c_str(), 1, kBrokers)) throw std::runtime_error("no topic " + name);
  lead(name, 1);
}

void MockKafka::refuse(Request request, rd_kafka_resp_err_t error, std::size_t times) {
  const std::vector<rd_kafka_resp_err_t> errors(times, error);
  rd_kafka_mock_push_request_errors_array(cluster_, static_cast<std::int16_t>(request), times, errors.data());
}

void MockKafka::spoil(const std::string& topic, rd_kafka_resp_err_t error) {
  rd_kafka_mock_topic_set_error(cluster_, topic.c_str(), error);
}

void MockKafka::lead(const std::string& topic, int broker) {
  if (rd_kafka_mock_partition_set_leader(cluster_, topic.c_str(), 0, broker)) throw std::runtime_error("no broker");
}

}  // namespace signalbox::test
