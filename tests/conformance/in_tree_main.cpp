// conformance_tests: the contract suite against the brokers of this tree, with servers of its own.
#include <algorithm>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "brokers/kafka/kafka_broker.hpp"
#include "brokers/memory/memory_broker.hpp"
#include "brokers/nats/nats_broker.hpp"
#include "brokers/redis/redis_broker.hpp"
#include "tests/conformance/backends/kafka.hpp"
#include "tests/conformance/backends/memory.hpp"
#include "tests/conformance/backends/nats.hpp"
#include "tests/conformance/backends/nats_cluster.hpp"
#include "tests/conformance/backends/redis.hpp"
#include "tests/conformance/backends/redis_cluster.hpp"
#include "tests/conformance/backends/redis_sentinel.hpp"
#include "tests/conformance/backends/redis_shards.hpp"
#include "tests/conformance/child.hpp"
#include "tests/conformance/command_line.hpp"

namespace signalbox::conformance {
namespace {

std::unique_ptr<Subject> make_subject(const std::string& broker, const std::string& linking) {
  const bool redis = broker.starts_with("redis");  // in whatever mode
  const bool nats = broker.starts_with("nats");
  if (linking == "plugin") return std::make_unique<PluginSubject>(redis ? "redis" : nats ? "nats" : broker);
  if (redis) return std::make_unique<DirectSubject<RedisBroker>>("redis", redis::kOptions);
  if (nats) return std::make_unique<DirectSubject<NatsBroker>>("nats", nats::kOptions);
  if (broker == "kafka") return std::make_unique<DirectSubject<KafkaBroker>>("kafka", kafka::kOptions);
  return std::make_unique<DirectSubject<MemoryBroker>>("memory", memory_options());
}

std::unique_ptr<Backend> make_backend(const std::string& broker, int case_number) {
  if (broker == "nats") return std::make_unique<NatsBackend>();
  if (broker == "nats-cluster") return std::make_unique<NatsClusterBackend>();
  if (broker == "redis") return std::make_unique<RedisBackend>();
  if (broker == "redis-cluster") return std::make_unique<RedisClusterBackend>(case_number);
  if (broker == "redis-shards") return std::make_unique<RedisShardsBackend>();
  if (broker == "redis-sentinel") return std::make_unique<RedisSentinelBackend>();
  if (broker == "kafka") return std::make_unique<KafkaBackend>(case_number);
  return std::make_unique<MemoryBackend>();
}

/// Kafka takes some seconds to start: nothing if no chosen case can share one.
std::unique_ptr<test::KafkaServer> shared_server(const std::string& broker, const Choice& choice) {
  const bool alone = !choice.cases.empty() && std::all_of(choice.cases.begin(), choice.cases.end(), needs_kafka_of_its_own);
  if (broker != "kafka" || alone) return nullptr;
  auto server = std::make_unique<test::KafkaServer>();
  share_kafka(*server);
  return server;
}

int conformance(int argc, char** argv) {
  CLI::App app("The broker contract's forty cases against a broker of this tree and a server of its own.", "conformance_tests");
  std::string broker;
  std::string linking = "direct";
  Choice choice;
  app.add_option("BROKER", broker)
      ->required()
      ->check(CLI::IsMember(
          {"memory", "nats", "nats-cluster", "redis", "redis-cluster", "redis-shards", "redis-sentinel", "kafka"}));
  app.add_option("--linking", linking, "direct, or plugin: through the C ABI")->check(CLI::IsMember({"direct", "plugin"}));
  app.add_option("--set", choice.hold_values)->allow_extra_args(false)->group("");
  add_options(app, choice);
  CLI11_PARSE(app, argc, argv);
  const std::vector<std::string> command{"/proc/self/exe", broker, "--linking", linking};
  try {
    const std::unique_ptr<Subject> subject = make_subject(broker, linking);
    if (choice.run_case == 0 && choice.hold.empty()) {
      const std::unique_ptr<test::KafkaServer> server = shared_server(broker, choice);
      return run_cases(choice, {broker, subject->version(), {}}, command);
    }
    const std::unique_ptr<Backend> backend = choice.hold.empty() ? make_backend(broker, choice.run_case) : nullptr;
    return run_child(choice, command, *subject, backend.get(), take_standard_output());
  } catch (const std::exception& e) {
    std::cerr << "conformance_tests: " << e.what() << '\n';
    return 2;
  }
}

}  // namespace
}  // namespace signalbox::conformance

int main(int argc, char** argv) { return signalbox::conformance::conformance(argc, argv); }
