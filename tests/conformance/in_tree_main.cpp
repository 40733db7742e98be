// conformance_tests: the contract suite against the brokers of this tree, with servers of its own.
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "brokers/memory/memory_broker.hpp"
#include "brokers/redis/redis_broker.hpp"
#include "tests/conformance/backends/memory.hpp"
#include "tests/conformance/backends/redis.hpp"
#include "tests/conformance/backends/redis_sentinel.hpp"
#include "tests/conformance/backends/redis_shards.hpp"
#include "tests/conformance/child.hpp"
#include "tests/conformance/command_line.hpp"

namespace signalbox::conformance {
namespace {

std::unique_ptr<Subject> make_subject(const std::string& broker, const std::string& linking) {
  const bool redis = broker.starts_with("redis");  // in whatever mode
  if (linking == "plugin") return std::make_unique<PluginSubject>(redis ? "redis" : broker);
  if (redis) return std::make_unique<DirectSubject<RedisBroker>>("redis", redis::kOptions);
  return std::make_unique<DirectSubject<MemoryBroker>>("memory", memory_options());
}

std::unique_ptr<Backend> make_backend(const std::string& broker) {
  if (broker == "redis") return std::make_unique<RedisBackend>();
  if (broker == "redis-shards") return std::make_unique<RedisShardsBackend>();
  if (broker == "redis-sentinel") return std::make_unique<RedisSentinelBackend>();
  return std::make_unique<MemoryBackend>();
}

int conformance(int argc, char** argv) {
  CLI::App app("The broker contract's forty cases against a broker of this tree and a server of its own.", "conformance_tests");
  std::string broker;
  std::string linking = "direct";
  Choice choice;
  app.add_option("BROKER", broker)->required()->check(CLI::IsMember({"memory", "redis", "redis-shards", "redis-sentinel"}));
  app.add_option("--linking", linking, "direct, or plugin: through the C ABI")->check(CLI::IsMember({"direct", "plugin"}));
  app.add_option("--set", choice.hold_values)->allow_extra_args(false)->group("");
  add_options(app, choice);
  CLI11_PARSE(app, argc, argv);
  const std::vector<std::string> command{"/proc/self/exe", broker, "--linking", linking};
  try {
    const std::unique_ptr<Subject> subject = make_subject(broker, linking);
    if (choice.run_case == 0 && choice.hold.empty()) return run_cases(choice, {broker, subject->version(), {}}, command);
    const std::unique_ptr<Backend> backend = choice.hold.empty() ? make_backend(broker) : nullptr;
    return run_child(choice, command, *subject, backend.get(), take_standard_output());
  } catch (const std::exception& e) {
    std::cerr << "conformance_tests: " << e.what() << '\n';
    return 2;
  }
}

}  // namespace
}  // namespace signalbox::conformance

int main(int argc, char** argv) { return signalbox::conformance::conformance(argc, argv); }
