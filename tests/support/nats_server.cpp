#include "tests/support/nats_server.hpp"

#include <csignal>
#include <stdexcept>
#include <utility>

#include "tests/support/ports.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

std::size_t count(const std::string& text, const std::string& words) {
  std::size_t found = 0;
  for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++found;
  return found;
}

}  // namespace

NatsServer::NatsServer(std::string config) : config_(std::move(config)) {
  start_on_free_ports([this] {
    port_ = free_port();
    start();
  });
}

std::string NatsServer::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

void NatsServer::write_config() const {
  directory_.write("nats.conf", "listen: 127.0.0.1:" + std::to_string(port_) + "\n" + config_);
}

void NatsServer::start() {
  write_config();
  process_ =
      std::make_unique<Process>(std::vector<std::string>{"nats-server", "-c", (directory_.path() / "nats.conf").string()});
  if (!process_->wait_for_errors("Server is ready")) {
    throw std::runtime_error("nats-server does not start: " + process_->errors());
  }
}

void NatsServer::reload() {
  write_config();
  const std::string before = process_->errors();
  process_->signal(SIGHUP);
  const auto told = [&](const char* words) { return count(process_->errors(), words) > count(before, words); };
  if (!wait_until([&] { return told("Reloaded server configuration") || told("Failed to reload"); }) ||
      told("Failed to reload")) {
    throw std::runtime_error("nats-server does not reload: " + process_->errors().substr(before.size()));
  }
}

void NatsServer::publish(const std::string& subject, const std::string& payload, const std::string& login) const {
  RawSocket socket(port_);
  const std::string connect = "{\"verbose\":false,\"pedantic\":false" + (login.empty() ? "" : "," + login) + "}";
  const bool sent = socket.send("CONNECT " + connect + "\r\nPUB " + subject + " " + std::to_string(payload.size()) + "\r\n" +
                                payload + "\r\nPING\r\n");
  if (!sent || !socket.read_until("PONG\r\n")) throw std::runtime_error("nats-server: " + socket.received());
}

std::string tls_config(const Certificates::Pair& server, const std::string& more) {
  return "tls { cert_file: \"" + server.certificate + "\", key_file: \"" + server.key + "\"" + more + " }\n";
}

}  // namespace signalbox::test
