#include "tests/support/redis_server.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/ports.hpp"
#include "tests/support/redis_connection.hpp"

namespace signalbox::test {
RedisServer::RedisServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  for (std::size_t i = 0; i + 1 < arguments_.size(); ++i) {
    if (arguments_[i] == "--requirepass") password_ = arguments_[i + 1];
  }
  start_on_free_ports([this] {
    port_ = free_port();
    start();
  });
}

std::string RedisServer::url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

void RedisServer::kill() {
  kept_.reset();
  process_->kill();
}

void RedisServer::restart() { start(); }

void RedisServer::start() {
  std::vector<std::string> line{
      "redis-server", "--port", std::to_string(port_),     "--bind", "127.0.0.1", "--save", "", "--appendonly",
      "no",           "--dir",  directory_.path().string()};
  line.insert(line.end(), arguments_.begin(), arguments_.end());
  // By default its bus listens 10,000 above, where the system finds ports for outgoing connections.
  const auto has = [&](const char* argument) { return std::find(line.begin(), line.end(), argument) != line.end(); };
  if (has("--cluster-enabled") && !has("--cluster-port")) {
    line.insert(line.end(), {"--cluster-port", std::to_string(free_port())});
  }
  process_ = std::make_unique<Process>(std::move(line));
  const auto answers = [this] {
    try {
      return command({"PING"}) == "PONG";
    } catch (const std::runtime_error&) {
      return !process_->running();
    }
  };
  if (!wait_until(answers) || !process_->running()) {
    const std::optional<int> code = process_->wait(milliseconds(0));
    throw std::runtime_error("redis-server " + (code ? "ended with " + std::to_string(*code) : "does not answer") + ": " +
                             process_->output() + process_->errors());
  }
}

std::string RedisServer::command(const std::vector<std::string>& arguments) const {
  if (kept_ && kept_->broken()) kept_.reset();
  std::shared_ptr<RedisConnection> connection = kept_;
  if (!connection) {
    connection = std::make_shared<RedisConnection>(port_);
    if (!password_.empty()) connection->command({"AUTH", password_});
  }
  if (keep_) kept_ = connection;
  return connection->command(arguments);
}

int RedisServer::publish(const std::string& channel, const std::string& payload) const {
  return std::stoi(command({"PUBLISH", channel, payload}));
}

int RedisServer::subscribers(const std::string& channel) const {
  const std::string answer = command({"PUBSUB", "NUMSUB", channel});
  return std::stoi(answer.substr(answer.rfind('\n') + 1));
}

}  // namespace signalbox::test
