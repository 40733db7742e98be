// Publishes and questions by a copy of the routing table, with librdkafka's own mock cluster behind them.
#include "brokers/kafka/router.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

#include "brokers/kafka/records.hpp"
#include "brokers/kafka/report_tag.hpp"
#include "tests/support/deadline.hpp"

namespace signalbox::kafka {
namespace {

constexpr int kInboxPartitions = 4;

struct MockDeleter {
  void operator()(rd_kafka_mock_cluster_t* cluster) const noexcept { rd_kafka_mock_cluster_destroy(cluster); }
};

class RouterTest : public testing::Test, private ClientEvents {
 protected:
  RouterTest()
      : handle_(rd_kafka_new(RD_KAFKA_PRODUCER, nullptr, nullptr, 0)), cluster_(rd_kafka_mock_cluster_new(handle_.get(), 1)) {
    ClientSettings settings;
    settings.options.bootstrap_servers = rd_kafka_mock_cluster_bootstraps(cluster_.get());
    rd_kafka_mock_topic_create(cluster_.get(), settings.options.presence_topic.c_str(), 1, 1);
    rd_kafka_mock_topic_create(cluster_.get(), settings.options.inbox_topic.c_str(), kInboxPartitions, 1);
    settings.client_id = "test";
    client_ = std::make_unique<Client>(settings, -1);
    client_->open_topics();
    presence_.resize(1, {"me", 100});
    beat("me", 100, 0);
  }

  void beat(const std::string& instance, std::uint64_t incarnation, std::uint32_t inbox) {
    presence_[0].apply({encode(PresenceKey{{}, instance}), encode(Heartbeat{incarnation, 1, inbox, false, 1}), clock_ms_});
  }
  void hold(const std::string& channel, const std::string& instance) {
    presence_[0].apply({encode(PresenceKey{channel, instance}), encode(Route{1}), clock_ms_});
  }

  struct Answer {
    std::error_code code;
    std::uint64_t receivers = 0;
  };
  Answer publish(const std::string& channel) {
    std::optional<Answer> answer;
    brokers::Call call{brokers::Call::Kind::publish, 0, 0, 0, PublishDone([&](const Status& status, Receivers receivers) {
                         answer = {status.code, receivers.count};
                       })};
    router_.publish(*client_, call, channel, "hi", Clock::now() + std::chrono::hours(1));
    test::wait_until([&] {
      client_->poll(*this);
      return answer.has_value();
    });
    return answer.value_or(Answer{errc::internal, 99});
  }
  /// "yes", "no" or "?".
  std::string exists(const std::string& channel) {
    std::string answer;
    brokers::Call call{brokers::Call::Kind::exists, 0, 0, 0, ExistsDone([&](const Status& status, bool exists) {
                         answer = !status.ok() ? "?" : exists ? "yes" : "no";
                       })};
    router_.exists(call, channel);
    return answer;
  }

  std::int64_t clock_ms_ = 1'000'000;
  Presence presence_;
  std::size_t records_written_ = 0;

 private:
  void on_records(std::span<const ReadRecord>) override {}
  void on_report(const Report& report) override {
    ++records_written_;
    publishes_.report(untagged<Publish>(report.tag), report.stored, meaning_of(report.error).code, words(report.error));
  }
  void on_fault(const Fault&) override {}
  void on_log(LogLevel, std::string_view) override {}

  KafkaPtr<rd_kafka_t> handle_;
  std::unique_ptr<rd_kafka_mock_cluster_t, MockDeleter> cluster_;
  std::unique_ptr<Client> client_;
  brokers::Budget budget_{1 << 20};
  Publishes publishes_{budget_};
  Router router_{presence_, publishes_, budget_};
};

TEST_F(RouterTest, WritesIntoTheInboxThatTheHolderReads) {
  beat("other", 1, kInboxPartitions - 1);
  hold("alice", "other");
  const Answer answer = publish("alice");
  EXPECT_EQ(answer.code, std::error_code());
  EXPECT_EQ(answer.receivers, 1u);
  EXPECT_EQ(exists("alice"), "yes");
}

TEST_F(RouterTest, RefusesAnInboxThatItDoesNotKnowOf) {
  beat("other", 1, kInboxPartitions + 1);  // the topic has grown since we counted
  hold("alice", "other");
  const Answer answer = publish("alice");
  EXPECT_EQ(answer.code, errc::unavailable) << "nobody reads another partition for it";
  EXPECT_EQ(answer.receivers, 0u);
}

TEST_F(RouterTest, SendsACopyToAHolderInDoubtBesideALiveOne) {
  presence_.resize(1, {"me", 100});
  beat("frozen", 1, 1);
  hold("alice", "frozen");
  hold("bob", "frozen");
  clock_ms_ += 60'000;
  beat("other", 1, 2);
  hold("alice", "other");
  beat("me", 100, 0);
  EXPECT_EQ(exists("alice"), "yes");
  const Answer answer = publish("alice");
  EXPECT_EQ(answer.code, std::error_code());
  EXPECT_EQ(answer.receivers, 1u) << "of the other it is not sure";
  EXPECT_EQ(records_written_, 2u);

  EXPECT_EQ(exists("bob"), "?");
  EXPECT_EQ(publish("bob").code, errc::unavailable);
  EXPECT_EQ(records_written_, 2u);
}

}  // namespace
}  // namespace signalbox::kafka
