// An instance that leaves a Kafka which is far away, with more channels than it can erase at once.
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/records.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace signalbox::test {
namespace {

constexpr std::size_t kAtOnce = 5000;

/// Reads the presence topic: whether the last heartbeat of `instance` in it is a farewell.
class Farewells final : private kafka::ClientEvents {
 public:
  explicit Farewells(const std::string& bootstrap_servers) {
    kafka::ClientSettings settings;
    settings.options.bootstrap_servers = bootstrap_servers;
    settings.client_id = "test";
    client_ = std::make_unique<kafka::Client>(settings, -1);
    client_->open_topics();
    for (int i = 0; i < 2; ++i) client_->read_from(kafka::Topic::presence, i, std::nullopt);
  }
  bool wait(const std::string& instance, milliseconds within) {
    instance_ = instance;
    return wait_until([this] { return client_->poll(*this), said_; }, within);
  }

 private:
  void on_records(std::span<const kafka::ReadRecord> records) override {
    for (const kafka::ReadRecord& record : records) {
      const auto key = kafka::decode_presence_key(record.key);
      if (!key || !key->channel.empty() || !key->instance.ends_with(instance_) || !record.value) continue;
      const auto heartbeat = kafka::decode_heartbeat(*record.value);
      said_ = heartbeat && heartbeat->farewell;
    }
  }
  void on_report(const kafka::Report&) override {}
  void on_fault(const kafka::Fault&) override {}
  void on_log(LogLevel, std::string_view) override {}

  std::unique_ptr<kafka::Client> client_;
  std::string instance_;
  bool said_ = false;
};

/// Whether an instance that holds as many channels says farewell within the deadline of its stop.
bool says_farewell(std::size_t channels, milliseconds one_way, milliseconds deadline) {
  const KafkaServer server;
  FaultProxy proxy(server.proxied_port(), "127.0.0.1", server.proxy_port());
  KafkaInstance leaving("127.0.0.1:" + std::to_string(proxy.port()), "leaving");
  EXPECT_TRUE(leaving.host.wait_state(State::ready)) << leaving.host.snapshot().reason;
  for (std::size_t i = 0; i < channels;) {
    std::vector<Pending> calls;
    for (; calls.size() < kAtOnce && i < channels; ++i) calls.push_back(subscribe(*leaving, "user" + std::to_string(i)));
    for (Pending& call : calls) wait(std::move(call));  // one that is late is held nevertheless
  }
  for (const Direction way : {Direction::to_server, Direction::to_client}) proxy.delay(way, one_way);
  leaving.broker->stop(deadline);
  return Farewells(server.bootstrap_servers()).wait("leaving", 3s);
}

TEST(KafkaStop, LeavesTimeForTheFarewellWhereTheDeadlineEndsTheRest) {
  bool said = false;
  for (int attempt = 0; attempt < 3 && !said; ++attempt) said = says_farewell(40'000, 50ms, 800ms);  // half a second is little
  EXPECT_TRUE(said);
}

TEST(KafkaStop, BeatsUntilAllIsErased) {
  bool said = false;
  for (int attempt = 0; attempt < 2 && !said; ++attempt) said = says_farewell(60'000, 250ms, 30s);
  EXPECT_TRUE(said) << "without its heartbeats the link counts as lost after 4 s";
}

}  // namespace
}  // namespace signalbox::test
