#include "bench/loadtest/broker_server.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/interrupt.hpp"
#include "bench/loadtest/kafka_server.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;

class Redis final : public BrokerServer {
 public:
  explicit Redis(const ScratchDirectory& scratch)
      : version_(output_of({"redis-server", "--version"}, scratch)), server_(scratch, "", Session::own) {
    version_ = version_.substr(0, version_.find(" sha"));
  }

  [[nodiscard]] pid_t pid() const override { return server_.pid(); }
  [[nodiscard]] std::vector<std::string> settings() const override { return {"broker.redis.url=" + server_.url()}; }
  [[nodiscard]] std::string version() const override { return version_; }
  void kill() override { server_.kill(); }
  void launch() override { server_.launch(); }
  [[nodiscard]] bool answers() override { return server_.answers(); }

 private:
  std::string version_;
  RedisServer server_;
};

class Nats final : public BrokerServer {
 public:
  explicit Nats(const ScratchDirectory& scratch)
      : version_(output_of({"nats-server", "--version"}, scratch)), server_(scratch, Session::own) {}

  [[nodiscard]] pid_t pid() const override { return server_.pid(); }
  [[nodiscard]] std::vector<std::string> settings() const override { return {"broker.nats.url=" + server_.url()}; }
  [[nodiscard]] std::string version() const override { return version_; }
  void kill() override { server_.kill(); }
  void launch() override { server_.launch(); }
  [[nodiscard]] bool answers() override { return server_.answers(); }

 private:
  std::string version_;
  NatsServer server_;
};

class Kafka final : public BrokerServer {
 public:
  Kafka(const ScratchDirectory& scratch, const std::string& classpath) : server_(scratch, classpath) {}

  [[nodiscard]] pid_t pid() const override { return server_.pid(); }
  [[nodiscard]] std::vector<std::string> settings() const override {
    return {"broker.kafka.bootstrap_servers=" + server_.address()};
  }
  [[nodiscard]] std::string version() const override { return "kafka " + server_.version(); }
  void kill() override { server_.kill(); }
  void launch() override { server_.launch(); }
  [[nodiscard]] bool answers() override { return server_.answers(); }

 private:
  KafkaServer server_;
};

}  // namespace

bool has_broker_server(const std::string& plugin) { return plugin == "redis" || plugin == "nats" || plugin == "kafka"; }

std::string missing_program(const std::string& plugin) {
  struct Needed {
    std::string_view plugin, program, package;
  };
  constexpr Needed kNeeded[] = {{"redis", "redis-server", "redis-server"},
                                {"nats", "nats-server", "nats-server"},
                                {"kafka", "java", "default-jre-headless"}};
  for (const Needed& needed : kNeeded) {
    if (plugin != needed.plugin || is_installed(std::string(needed.program))) continue;
    return std::string(needed.program) + " is not installed (Debian package " + std::string(needed.package) + ")";
  }
  return {};
}

std::unique_ptr<BrokerServer> start_broker_server(const std::string& plugin, const ScratchDirectory& scratch,
                                                  const std::string& kafka_classpath) {
  if (plugin == "redis") return std::make_unique<Redis>(scratch);
  if (plugin == "nats") return std::make_unique<Nats>(scratch);
  if (plugin == "kafka") return std::make_unique<Kafka>(scratch, kafka_classpath);
  return nullptr;
}

std::string output_of(std::vector<std::string> command, const ScratchDirectory& scratch) {
  const std::string name = command.front();
  const std::string file = scratch.file(name + ".out");
  Process process = Process::start(std::move(command), file);
  if (!wait_for([&] { return !process.running(); }, 10s)) throw std::runtime_error(name + " does not end");
  std::string text = contents_of(file);
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

}  // namespace signalbox::bench
