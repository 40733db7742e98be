// What a client makes of faults within a cluster. The brokers are librdkafka's own imitation, since a real Kafka shows none of
// these when a test wants it to.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/kafka/client.hpp"
#include "brokers/kafka/wake_fd.hpp"
#include "tests/support/deadline.hpp"
#include "tests/unit/brokers/kafka/mock_kafka.hpp"

namespace signalbox::kafka {
namespace {

using test::MockKafka;

class Events final : public ClientEvents {
 public:
  void on_records(std::span<const ReadRecord> records) override {
    for (const ReadRecord& record : records) read.emplace_back(record.value.value_or("tombstone"));
  }
  void on_report(const Report& report) override { reports[number_of(report.tag)].push_back(report); }
  void on_fault(const Fault& fault) override { faults.push_back(fault); }
  void on_log(LogLevel, std::string_view) override {}

  /// A record's number is its tag, from 1 on.
  static std::size_t number_of(void* tag) { return reinterpret_cast<std::uintptr_t>(tag); }

  std::vector<std::string> read;
  std::map<std::size_t, std::vector<Report>> reports;
  std::vector<Fault> faults;
};

/// Writes records "1", "2", … and reads them.
class KafkaClientFaults : public ::testing::Test {
 protected:
  KafkaClientFaults() {
    settings_.options.bootstrap_servers = mock_.bootstrap_servers();
    settings_.client_id = "test";
    settings_.record_timeout = test::scaled(std::chrono::seconds(3));
    mock_.make_topic(topic_);
    mock_.make_topic(settings_.options.inbox_topic);
    connect();
  }

  /// With a client that knows nothing of the cluster yet.
  void connect() {
    client_ = std::make_unique<Client>(settings_, wake_.get());
    client_->open_topics();
    client_->read_from(Topic::presence, 0, std::nullopt);
  }

  void write(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ++written_;
      void* tag = reinterpret_cast<void*>(written_);  // NOLINT(performance-no-int-to-ptr): a number
      ASSERT_EQ(client_->write(Topic::presence, 0, "key", std::to_string(written_), tag), RD_KAFKA_RESP_ERR_NO_ERROR);
    }
  }
  template <class Condition>
  bool poll_until(Condition condition) {
    return test::wait_until([&] {
      client_->poll(events_);
      return condition();
    });
  }
  bool all_reported() {
    return poll_until([&] { return events_.reports.size() == written_; });
  }
  [[nodiscard]] std::size_t count(Stored stored) const {
    std::size_t reports = 0;
    for (const auto& [number, of_it] : events_.reports) reports += of_it.front().stored == stored ? 1U : 0U;
    return reports;
  }
  /// Nobody was told a lie: one report a record; what is stored was read, once and in order, what is not was not read.
  void expect_truth() {
    std::vector<std::string> stored;
    for (const auto& [number, reports] : events_.reports) {
      EXPECT_EQ(reports.size(), 1U) << "record " << number;
      if (reports.front().stored == Stored::yes) stored.push_back(std::to_string(number));
    }
    EXPECT_TRUE(poll_until([&] { return events_.read.size() >= stored.size(); }));
    if (count(Stored::unknown) == 0) {
      EXPECT_EQ(events_.read, stored);
    }
  }

  const std::string topic_ = "signalbox.presence";
  MockKafka mock_;
  WakeFd wake_;
  ClientSettings settings_;
  std::unique_ptr<Client> client_;
  Events events_;
  std::size_t written_ = 0;
};

TEST_F(KafkaClientFaults, StoreOnceAndInOrderWhatBrokersRefusedAtFirst) {
  for (const auto error : {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                           RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT}) {
    SCOPED_TRACE(rd_kafka_err2name(error));
    mock_.refuse(MockKafka::Request::produce, error, 3);
    write(100);
    ASSERT_TRUE(all_reported());
    EXPECT_EQ(count(Stored::yes), written_);
    expect_truth();
  }
}

TEST_F(KafkaClientFaults, KeepTheOrderWhileTheLeadGoesRoundTheBrokers) {
  for (int turn = 0; turn < 12; ++turn) {
    mock_.lead(topic_, 1 + turn % MockKafka::kBrokers);
    write(100);
    const std::size_t half = written_ - 50;  // some are on their way when the lead goes on
    ASSERT_TRUE(poll_until([&] { return events_.reports.size() >= half; }));
  }
  ASSERT_TRUE(all_reported());
  EXPECT_EQ(count(Stored::yes), written_);
  expect_truth();
}

TEST_F(KafkaClientFaults, SayThatARecordMayBeStoredWhoseReplicasDidNotAnswer) {
  write(1);
  ASSERT_TRUE(all_reported());
  mock_.refuse(MockKafka::Request::produce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, 1000);
  write(1);
  ASSERT_TRUE(all_reported());
  EXPECT_EQ(count(Stored::unknown), 1U) << "a no would be a guess";
}

TEST_F(KafkaClientFaults, SayThatARecordIsNotStoredThatNoLeaderWasThereFor) {
  mock_.spoil(topic_, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
  connect();
  write(10);
  ASSERT_TRUE(all_reported());
  EXPECT_EQ(count(Stored::no), 10U);
  mock_.spoil(topic_, RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_TRUE(poll_until([&] {  // the same client, once it has asked again
    write(1);
    return all_reported() && count(Stored::yes) > 0;
  }));
  expect_truth();
}

TEST_F(KafkaClientFaults, CallTheLogTruncatedWhereItNoLongerHoldsWhatComesNext) {
  write(10);
  ASSERT_TRUE(poll_until([&] { return events_.read.size() == 10; }));
  mock_.refuse(MockKafka::Request::fetch, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, 10);
  write(1);  // ends the fetch that waits
  ASSERT_TRUE(poll_until([&] { return !events_.faults.empty(); }));
  EXPECT_EQ(events_.faults.front().kind, FaultKind::truncated) << events_.faults.front().text;
  EXPECT_LE(events_.read.size(), 11U) << "never from the beginning again, nor from the end on";
}

class KafkaProducerFaults : public KafkaClientFaults, public ::testing::WithParamInterface<rd_kafka_resp_err_t> {};

/// A producer that has lost its place in the log goes on where it can prove it, or its client is of no use any more.
TEST_P(KafkaProducerFaults, LeaveTheTruthAndAClientThatWorksOrIsCalledBroken) {
  write(10);
  ASSERT_TRUE(all_reported());
  mock_.refuse(MockKafka::Request::produce, GetParam(), 1);
  write(10);
  ASSERT_TRUE(all_reported());
  expect_truth();
  const bool broken = rd_kafka_fatal_error(client_->producer(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
  const auto says_so = [](const Fault& fault) { return fault.kind == FaultKind::broken; };
  if (broken) {
    EXPECT_TRUE(poll_until([&] { return std::any_of(events_.faults.begin(), events_.faults.end(), says_so); }))
        << (events_.faults.empty() ? "no fault" : events_.faults.back().text);
    return;
  }
  EXPECT_TRUE(std::none_of(events_.faults.begin(), events_.faults.end(), says_so));
  const std::size_t stored = count(Stored::yes);
  write(10);
  ASSERT_TRUE(all_reported());
  EXPECT_EQ(count(Stored::yes), stored + 10);
  expect_truth();
}

INSTANTIATE_TEST_SUITE_P(Errors, KafkaProducerFaults,
                         ::testing::Values(RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID,
                                           RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
                                           RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH),
                         [](const auto& one) { return std::string(rd_kafka_err2name(one.param)); });

}  // namespace
}  // namespace signalbox::kafka
