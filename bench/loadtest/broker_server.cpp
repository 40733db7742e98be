#include "bench/loadtest/broker_server.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>

#include "bench/interrupt.hpp"
#include "bench/loadtest/kafka_server.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;

template <class Server>
class Started final : public BrokerServer {
 public:
  Started(std::unique_ptr<Server> server, std::string setting, std::string version)
      : server_(std::move(server)), setting_(std::move(setting)), version_(std::move(version)) {}

  [[nodiscard]] pid_t pid() const override { return server_->pid(); }
  [[nodiscard]] std::vector<std::string> settings() const override { return {setting_}; }
  [[nodiscard]] std::string version() const override { return version_; }
  void kill() override { server_->kill(); }
  void launch() override { server_->launch(); }
  [[nodiscard]] bool answers() override { return server_->answers(); }

 private:
  std::unique_ptr<Server> server_;
  std::string setting_;
  std::string version_;
};

template <class Server>
std::unique_ptr<BrokerServer> started(std::unique_ptr<Server> server, std::string setting, std::string version) {
  return std::make_unique<Started<Server>>(std::move(server), std::move(setting), std::move(version));
}

std::unique_ptr<BrokerServer> start_redis(const ScratchDirectory& scratch) {
  const std::string version = output_of({"redis-server", "--version"}, scratch);
  auto server = std::make_unique<RedisServer>(scratch, "", Session::own);
  const std::string setting = "broker.redis.url=" + server->url();
  return started(std::move(server), setting, version.substr(0, version.find(" sha")));
}

std::unique_ptr<BrokerServer> start_nats(const ScratchDirectory& scratch) {
  const std::string version = output_of({"nats-server", "--version"}, scratch);
  auto server = std::make_unique<NatsServer>(scratch, Session::own);
  const std::string setting = "broker.nats.url=" + server->url();
  return started(std::move(server), setting, version);
}

std::unique_ptr<BrokerServer> start_kafka(const ScratchDirectory& scratch, const std::string& classpath) {
  auto server = std::make_unique<KafkaServer>(scratch, classpath);
  const std::string setting = "broker.kafka.bootstrap_servers=" + server->address();
  const std::string version = "kafka " + server->version();
  return started(std::move(server), setting, version);
}

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
  if (plugin == "redis") return start_redis(scratch);
  if (plugin == "nats") return start_nats(scratch);
  if (plugin == "kafka") return start_kafka(scratch, kafka_classpath);
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
