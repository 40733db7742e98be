#include "tests/support/kafka_cluster.hpp"

#include <stdexcept>

#include <librdkafka/rdkafka.h>

#include "tests/support/deadline.hpp"
#include "tests/support/kafka_process.hpp"
#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

std::string address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

struct ClientDeleter {
  void operator()(rd_kafka_t* client) const noexcept { rd_kafka_destroy(client); }
};
struct MetadataDeleter {
  void operator()(const struct rd_kafka_metadata* metadata) const noexcept { rd_kafka_metadata_destroy(metadata); }
};

}  // namespace

KafkaCluster::KafkaCluster() {
  for (std::size_t i = 0; i < kNodes; ++i) {
    Node& node = nodes_[i];
    make_kafka_storage(node.directory.path() / "storage", static_cast<int>(i) + 1);
    for (std::uint16_t* port : {&node.port, &node.internal_port, &node.controller_port}) *port = free_port();
  }
  for (std::size_t i = 0; i < kNodes; ++i) launch(i);  // together: one alone does not come up
  for (const Node& node : nodes_) wait_kafka_started(*node.process);
}

std::string KafkaCluster::bootstrap_servers() const {
  std::string servers;
  for (const Node& node : nodes_) servers += (servers.empty() ? "" : ",") + address(node.port);
  return servers;
}

std::size_t KafkaCluster::leader(const std::string& topic, int partition) const {
  std::string error(512, '\0');
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_servers().c_str(), error.data(), error.size());
  const std::unique_ptr<rd_kafka_t, ClientDeleter> client(rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size()));
  const struct rd_kafka_metadata* told = nullptr;
  if (rd_kafka_metadata(client.get(), 1, nullptr, &told, static_cast<int>(scaled(kPatience).count()))) {
    throw std::runtime_error("the cluster does not tell its topics");
  }
  const std::unique_ptr<const struct rd_kafka_metadata, MetadataDeleter> metadata(told);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& found = metadata->topics[i];
    if (topic != found.topic || partition >= found.partition_cnt) continue;
    const int node = found.partitions[partition].leader;
    return node < 1 ? kNodes : static_cast<std::size_t>(node) - 1;
  }
  throw std::runtime_error("the cluster has no topic " + topic);
}

void KafkaCluster::restart(std::size_t node) {
  launch(node);
  wait_kafka_started(*nodes_[node].process);
}

void KafkaCluster::launch(std::size_t node) {
  nodes_[node].process = launch_kafka(nodes_[node].directory.write("server.properties", properties(node)));
}

std::string KafkaCluster::properties(std::size_t number) const {
  const Node& node = nodes_[number];
  std::string voters;
  for (std::size_t i = 0; i < kNodes; ++i) {
    voters += (i == 0 ? "" : ",") + std::to_string(i + 1) + "@" + address(nodes_[i].controller_port);
  }
  const std::string listeners = "CLIENT://" + address(node.port) + ",INTERNAL://" + address(node.internal_port);
  return common_kafka_properties(kNodes) + "node.id=" + std::to_string(number + 1) + "\ncontroller.quorum.voters=" + voters +
         "\nlisteners=" + listeners + ",CONTROLLER://" + address(node.controller_port) + "\nadvertised.listeners=" + listeners +
         "\nlistener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENT:PLAINTEXT\nlog.dirs=" +
         (node.directory.path() / "storage").string() + "\n";
}

}  // namespace signalbox::test
