#include "bench/loadtest/kafka_server.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/interrupt.hpp"

namespace signalbox::bench {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kStartTimeout = 60s;

std::string properties(std::uint16_t port, std::uint16_t controller_port, const std::string& folder) {
  const std::string controller = "127.0.0.1:" + std::to_string(controller_port);
  return "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@" + controller +
         "\nlisteners=CLIENT://127.0.0.1:" + std::to_string(port) + ",CONTROLLER://" + controller +
         "\ncontroller.listener.names=CONTROLLER\ninter.broker.listener.name=CLIENT\n"
         "listener.security.protocol.map=CONTROLLER:PLAINTEXT,CLIENT:PLAINTEXT\nlog.dirs=" +
         folder +
         "\nauto.create.topics.enable=false\noffsets.topic.replication.factor=1\noffsets.topic.num.partitions=1\n"
         "transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n"
         "transaction.state.log.num.partitions=1\nshare.coordinator.state.topic.replication.factor=1\n"
         "share.coordinator.state.topic.min.isr=1\n";
}

}  // namespace

KafkaServer::KafkaServer(const ScratchDirectory& scratch, const std::string& classpath)
    : scratch_(scratch), classpath_(contents_of(classpath)), port_(free_port()), controller_port_(free_port()) {
  if (const std::string lack = missing(classpath); !lack.empty()) throw std::runtime_error(lack);
  const fs::path folder = fs::path(classpath).parent_path();
  std::error_code ignored;
  if (fs::exists(folder / "classes.jsa", ignored)) archive_ = fs::absolute(folder / "classes.jsa").string();
  fs::copy(folder / "storage", scratch.file("kafka"), fs::copy_options::recursive);
  std::ofstream(scratch.file("kafka.properties")) << properties(port_, controller_port_, scratch.file("kafka"));
  launch();
  while (!answers()) pause_for(10ms);
}

std::string KafkaServer::missing(const std::string& classpath) {
  const fs::path folder = fs::path(classpath).parent_path();
  std::error_code ignored;
  if (!contents_of(classpath).empty() && fs::is_directory(folder / "storage", ignored)) return {};
  return "no Kafka at " + classpath + ": run tests/kafka/prepare " + (folder.empty() ? "." : folder.string()) +
         " (needs Java and Maven)";
}

std::string KafkaServer::version() const {
  constexpr std::string_view kJar = "/kafka-clients-";
  const std::size_t at = classpath_.find(kJar);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kJar.size();
  return classpath_.substr(begin, classpath_.find(".jar", begin) - begin);
}

void KafkaServer::kill() {
  ::kill(process_->pid(), SIGKILL);
  process_.reset();
}

void KafkaServer::launch() {
  ++starts_;
  std::vector<std::string> command{"java", "-Xmx512m", "-XX:+UseSerialGC"};
  if (!archive_.empty()) command.push_back("-XX:SharedArchiveFile=" + archive_);
  command.insert(command.end(), {"-cp", classpath_, "kafka.Kafka", scratch_.file("kafka.properties")});
  process_ = std::make_unique<Process>(Process::start(std::move(command), log(), Session::own));
  launched_ = std::chrono::steady_clock::now();
}

bool KafkaServer::answers() {
  if (contents_of(log()).find("Kafka Server started") != std::string::npos) return true;
  if (process_->running() && std::chrono::steady_clock::now() - launched_ < kStartTimeout) return false;
  throw std::runtime_error("Kafka does not start: " + end_of(log()));
}

std::string KafkaServer::log() const { return scratch_.file("kafka-" + std::to_string(starts_) + ".log"); }

}  // namespace signalbox::bench
