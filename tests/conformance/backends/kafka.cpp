#include "tests/conformance/backends/kafka.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

#include <librdkafka/rdkafka.h>

namespace signalbox::conformance {
namespace {

constexpr const char* kVariable = "SIGNALBOX_CONFORMANCE_KAFKA";
constexpr std::array kAlone{SIGNALBOX_KAFKA_ALONE};

/// As an operator would have made it.
void create_topic(const std::string& servers, const std::string& name, int partitions, const char* cleanup_policy) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", servers.c_str(), error.data(), error.size());
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error.data(), error.size());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name.c_str(), partitions, 1, error.data(), error.size());
  rd_kafka_NewTopic_set_config(topic, "cleanup.policy", cleanup_policy);
  rd_kafka_NewTopic_set_config(topic, "message.timestamp.type", "LogAppendTime");
  rd_kafka_CreateTopics(client, &topic, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, static_cast<int>(test::scaled(test::kPatience).count()));
  const bool created = event && !rd_kafka_event_error(event);
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_NewTopic_destroy(topic);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(client);
  if (!created) throw std::runtime_error("can't create topic " + name);
}

}  // namespace

void share_kafka(const test::KafkaServer& server) {
  const std::string ports =
      std::to_string(server.port()) + " " + std::to_string(server.proxied_port()) + " " + std::to_string(server.proxy_port());
  setenv(kVariable, ports.c_str(), 1);
}

bool needs_kafka_of_its_own(int case_number) { return std::find(kAlone.begin(), kAlone.end(), case_number) != kAlone.end(); }

KafkaBackend::KafkaBackend(int case_number) {
  if (const char* ports = std::getenv(kVariable); ports && !needs_kafka_of_its_own(case_number)) {
    std::istringstream(ports) >> shared_.port >> shared_.proxied_port >> shared_.proxy_port;
    return;
  }
  if (case_number == 29) password_ = "conformance-secret";
  server_ = std::make_unique<test::KafkaServer>(test::KafkaServer::Security{password_, {}, {}});
  shared_ = {server_->port(), server_->proxied_port(), server_->proxy_port()};
}

std::string KafkaBackend::lacks(Control control) const {
  switch (control) {
    case Control::permission: return "access control is for topics, and all channels share two";
    case Control::limit: return "a broker at its limit lets connections wait, which is case 25";
    case Control::output: return "gives no slow reader up: the log keeps what it has not read";
    case Control::role:
    case Control::failover: return "clients ask for the leader of each partition and follow it";
    case Control::foreign: return "a foreign producer can't know the inbox of an instance";
    case Control::corruption: return "librdkafka asserts that a response is whole, and ends the process at some that are not";
    case Control::black_hole: return "a log can't be read without what stands in it";
    default: return "";
  }
}

Values KafkaBackend::at(std::uint16_t port) const {
  Values values{{"bootstrap_servers", "127.0.0.1:" + std::to_string(port)}};
  if (password_.empty()) return values;
  values.insert(values.end(), {{"properties.security.protocol", "SASL_PLAINTEXT"},
                               {"properties.sasl.mechanisms", "PLAIN"},
                               {"properties.sasl.username", "signalbox"},
                               {"properties.sasl.password", password_}});
  return values;
}

void KafkaBackend::restart_with(const std::string& password) {
  server_->kill();
  server_->use_password(password);
  server_->restart();
}

std::vector<Misconfiguration> KafkaBackend::misconfigured() {
  const std::string servers = values().front().second;
  create_topic(servers, "deleting.presence", 8, "delete");
  create_topic(servers, "compacting.presence", 8, "compact");
  create_topic(servers, "compacting.inbox", 64, "compact");
  create_topic(servers, "few.presence", 2, "compact");
  return {{"topics that are missing",
           {{"topic_prefix", "missing"}, {"create_topics", "false"}},
           "topic missing.presence is missing"},
          {"a presence topic that forgets", {{"topic_prefix", "deleting"}}, "cleanup.policy=delete: it must be compact"},
          {"an inbox topic that is compacted", {{"topic_prefix", "compacting"}}, "cleanup.policy=compact: it must be delete"},
          {"too few partitions", {{"topic_prefix", "few"}}, "topic few.presence has 2 partitions"}};
}

}  // namespace signalbox::conformance
