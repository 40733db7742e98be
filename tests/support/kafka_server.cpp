#include "tests/support/kafka_server.hpp"

#include <stdexcept>

#include "tests/support/kafka_process.hpp"
#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

std::string address(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

/// A value of several lines in a properties file.
std::string one_line(const std::string& pem) {
  std::string line;
  for (const char c : pem) line += c == '\n' ? std::string("\\n") : std::string(1, c);
  return line;
}

}  // namespace

KafkaServer::KafkaServer(Security security) : security_(std::move(security)) {
  make_kafka_storage(directory_.path() / "storage", 1);
  start_on_free_ports([this] {
    for (std::uint16_t* port : {&port_, &proxied_port_, &proxy_port_, &internal_port_, &controller_port_}) *port = free_port();
    start();
  });
}

std::string KafkaServer::properties() const {
  const std::string protocol =
      std::string(security_.password.empty() ? "" : "SASL_") + (security_.certificate.empty() ? "PLAINTEXT" : "SSL");
  return common_kafka_properties(1) + "controller.quorum.voters=1@" + address(controller_port_) + "\nlisteners=CLIENT://" +
         address(port_) + ",PROXIED://" + address(proxied_port_) + ",INTERNAL://" + address(internal_port_) + ",CONTROLLER://" +
         address(controller_port_) + "\nadvertised.listeners=CLIENT://" + address(port_) + ",PROXIED://" +
         address(proxy_port_) + ",INTERNAL://" + address(internal_port_) +
         "\nlistener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENT:" + protocol +
         ",PROXIED:" + protocol + "\nlog.dirs=" + (directory_.path() / "storage").string() + "\n" + security_properties();
}

std::string KafkaServer::security_properties() const {
  std::string text;
  if (!security_.certificate.empty()) {
    text += "ssl.keystore.type=PEM\nssl.keystore.certificate.chain=" + one_line(security_.certificate) +
            "\nssl.keystore.key=" + one_line(security_.key) + "\n";
  }
  if (security_.password.empty()) return text;
  text += "sasl.enabled.mechanisms=PLAIN\n";
  for (const char* listener : {"client", "proxied"}) {
    text += std::string("listener.name.") + listener +
            ".plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_signalbox=\"" +
            security_.password + "\";\n";
  }
  return text;
}

void KafkaServer::start() {
  process_ = launch_kafka(directory_.write("server.properties", properties()));
  wait_kafka_started(*process_);
}

}  // namespace signalbox::test
