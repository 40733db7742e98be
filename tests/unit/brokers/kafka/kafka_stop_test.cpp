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

/// Reads in the presence topic how `instance` has left.
class Leaving final : private kafka::ClientEvents {
 public:
  Leaving(const std::string& bootstrap_servers, std::string instance) : instance_(std::move(instance)) {
    kafka::ClientSettings settings;
    settings.options.bootstrap_servers = bootstrap_servers;
    settings.client_id = "test";
    client_ = std::make_unique<kafka::Client>(settings, -1);
    client_->open_topics();
    for (int i = 0; i < 2; ++i) client_->read_from(kafka::Topic::presence, i, std::nullopt);
  }
  /// Its last word is a farewell.
  bool wait_farewell() {
    return wait_until([this] { return client_->poll(*this), farewell_; });
  }
  /// Heartbeats since it began to erase.
  [[nodiscard]] std::size_t heartbeats() const noexcept { return heartbeats_; }

 private:
  void on_records(std::span<const kafka::ReadRecord> records) override {
    for (const kafka::ReadRecord& record : records) {
      const auto key = kafka::decode_presence_key(record.key);
      if (!key || !key->instance.ends_with(instance_)) continue;
      if (!key->channel.empty()) {
        erases_ = erases_ || !record.value;
      } else if (const auto heartbeat = record.value ? kafka::decode_heartbeat(*record.value) : std::nullopt) {
        farewell_ = heartbeat->farewell;
        heartbeats_ += erases_ && !farewell_ ? 1U : 0U;
      }
    }
  }
  void on_report(const kafka::Report&) override {}
  void on_fault(const kafka::Fault&) override {}
  void on_log(LogLevel, std::string_view) override {}

  std::unique_ptr<kafka::Client> client_;
  std::string instance_;
  bool erases_ = false;
  bool farewell_ = false;
  std::size_t heartbeats_ = 0;
};

/// Stops an instance that holds as many channels, whose name is its own on this server.
Leaving stopped(const KafkaServer& server, const std::string& instance, std::size_t channels, milliseconds one_way,
                milliseconds deadline) {
  FaultProxy proxy(server.proxied_port(), "127.0.0.1", server.proxy_port());
  KafkaInstance leaving("127.0.0.1:" + std::to_string(proxy.port()), instance, {}, 60s);
  EXPECT_TRUE(leaving.wait_ready()) << leaving.reason();
  EXPECT_EQ(leaving.subscribe_all(numbered_channels(channels)), channels) << "so many are to be erased";
  for (const Direction way : {Direction::to_server, Direction::to_client}) proxy.delay(way, one_way);
  leaving.broker->stop(deadline);
  return {server.bootstrap_servers(), instance};
}

TEST(KafkaStop, LeavesTimeForTheFarewellWhereTheDeadlineEndsTheRest) {
  const KafkaServer server;
  std::string name = "leaving";
  EXPECT_TRUE(keeps_bound([&] { return stopped(server, name += "!", 60'000, 50ms, scaled(2s)).wait_farewell(); }));
}

TEST(KafkaStop, BeatsUntilAllIsErased) {
  const KafkaServer server;
  Leaving leaving = stopped(server, "leaving", 45'000, 250ms, scaled(30s));
  EXPECT_TRUE(leaving.wait_farewell());
  EXPECT_GT(leaving.heartbeats(), 0U) << "without them the link counts as lost after 4 s";
}

}  // namespace
}  // namespace signalbox::test
