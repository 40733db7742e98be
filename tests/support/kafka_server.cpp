#include "tests/support/kafka_server.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

constexpr const char* kPrepared = SIGNALBOX_KAFKA_PREPARED;

std::string class_path() {
  std::ifstream file(std::string(kPrepared) + "/classpath");
  if (!file) throw std::runtime_error(std::string("no Kafka in ") + kPrepared + ": run tests/kafka/prepare " + kPrepared);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

}  // namespace

KafkaServer::KafkaServer(std::string password) : password_(std::move(password)) {
  std::filesystem::copy(std::string(kPrepared) + "/storage", directory_.path() / "storage",
                        std::filesystem::copy_options::recursive);
  // A port that was free may be taken before Kafka binds it.
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    proxied_port_ = free_port();
    proxy_port_ = free_port();
    controller_port_ = free_port();
    try {
      start();
      return;
    } catch (const std::runtime_error&) {
      if (attempt == 3) throw;
    }
  }
}

std::string KafkaServer::properties() const {
  const std::string protocol = password_.empty() ? "PLAINTEXT" : "SASL_PLAINTEXT";
  std::string text =
      "process.roles=broker,controller\nnode.id=1\ncontroller.listener.names=CONTROLLER\n"
      "inter.broker.listener.name=INTERNAL\n"
      "offsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n"
      "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\ntransaction.state.log.num.partitions=1\n"
      "share.coordinator.state.topic.replication.factor=1\nshare.coordinator.state.topic.min.isr=1\n"
      "auto.create.topics.enable=false\nnum.network.threads=2\nnum.io.threads=2\nbackground.threads=2\n"
      "log.cleaner.dedupe.buffer.size=2097152\n";
  const std::uint16_t internal = static_cast<std::uint16_t>(controller_port_ + 1);
  text += "controller.quorum.voters=1@" + address(controller_port_) + "\n";
  text += "listeners=CLIENT://" + address(port_) + ",PROXIED://" + address(proxied_port_) + ",INTERNAL://" + address(internal) +
          ",CONTROLLER://" + address(controller_port_) + "\n";
  text += "advertised.listeners=CLIENT://" + address(port_) + ",PROXIED://" + address(proxy_port_) + ",INTERNAL://" +
          address(internal) + "\n";
  text += "listener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENT:" + protocol + ",PROXIED:" + protocol +
          "\nlog.dirs=" + (directory_.path() / "storage").string() + "\n";
  if (password_.empty()) return text;
  text += "sasl.enabled.mechanisms=PLAIN\n";
  for (const char* listener : {"client", "proxied"}) {
    text += std::string("listener.name.") + listener +
            ".plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_signalbox=\"" +
            password_ + "\";\n";
  }
  return text;
}

void KafkaServer::start() {
  const std::string file = directory_.write("server.properties", properties());
  process_ = std::make_unique<Process>(std::vector<std::string>{"java", "-Xms96m", "-Xmx256m", "-XX:+UseSerialGC",
                                                                "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp",
                                                                class_path(), "kafka.Kafka", file});
  if (process_->wait_for_errors("Kafka Server started", std::chrono::seconds(60))) return;
  const std::string errors = process_->errors();
  throw std::runtime_error("Kafka does not start: " +
                           errors.substr(errors.size() - std::min<std::size_t>(errors.size(), 3000)));
}

}  // namespace signalbox::test
