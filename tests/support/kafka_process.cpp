#include "tests/support/kafka_process.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

namespace signalbox::test {
namespace {

constexpr const char* kPrepared = SIGNALBOX_KAFKA_PREPARED;

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no " + path.string() + ": run tests/kafka/prepare " + kPrepared);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

void make_kafka_storage(const std::filesystem::path& folder, int id) {
  std::filesystem::copy(std::string(kPrepared) + "/storage", folder, std::filesystem::copy_options::recursive);
  if (id == 1) return;
  // Another node, and another directory.
  std::string meta = read(folder / "meta.properties");
  meta.replace(meta.find("node.id=1"), 9, "node.id=" + std::to_string(id));
  const std::size_t directory = meta.find("directory.id=") + 13;
  meta[directory] = static_cast<char>('A' + (meta[directory] + id) % 26);
  std::ofstream(folder / "meta.properties") << meta;
}

std::unique_ptr<Process> launch_kafka(const std::string& properties) {
  const std::string prepared = kPrepared;
  return std::make_unique<Process>(std::vector<std::string>{
      "java", "-Xms96m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
      "-XX:SharedArchiveFile=" + prepared + "/classes.jsa", "-cp", read(prepared + "/classpath"), "kafka.Kafka", properties});
}

void wait_kafka_started(const Process& process) {
  if (process.wait_for_errors("Kafka Server started", std::chrono::seconds(60))) return;
  const std::string errors = process.errors();
  throw std::runtime_error("Kafka does not start: " +
                           errors.substr(errors.size() - std::min<std::size_t>(errors.size(), 3000)));
}

std::string common_kafka_properties(int nodes) {
  const std::string all = std::to_string(nodes);
  const std::string most = std::to_string(nodes / 2 + 1);
  return read(SIGNALBOX_KAFKA_PROPERTIES) + "inter.broker.listener.name=INTERNAL\noffsets.topic.replication.factor=" + all +
         "\ntransaction.state.log.replication.factor=" + all + "\ntransaction.state.log.min.isr=" + most +
         "\nshare.coordinator.state.topic.replication.factor=" + all + "\nshare.coordinator.state.topic.min.isr=" + most +
         "\ndefault.replication.factor=" + all + "\nmin.insync.replicas=" + most +
         // So long a killed node is taken to live, and is not let in again.
         "\nbroker.session.timeout.ms=2000\nbroker.heartbeat.interval.ms=500"
         "\nnum.network.threads=2\nnum.io.threads=2\nbackground.threads=2\n"
         "log.cleaner.dedupe.buffer.size=2097152\n";
}

}  // namespace signalbox::test
