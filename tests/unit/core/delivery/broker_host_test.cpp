#include "core/delivery/broker_host.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <spdlog/sinks/sink.h>

#include "core/delivery/envelope.hpp"
#include "core/delivery/publisher.hpp"
#include "tests/unit/core/users/registry_fixture.hpp"

namespace signalbox {
namespace {

using namespace std::string_literals;
using test::Told;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kMessageBytes = 100;
const std::string kControl = "app:\001control";

/// Keeps the lines of a log; read when the log has ended.
class LineSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    lines_.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush() override {}
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

/// Writes down what it is handed, a line each.
class RecordingSink final : public DeliverySink {
 public:
  void hand_over(std::span<const RoutedMessage> batch) override {
    EXPECT_FALSE(batch.empty());
    ++batches_;
    for (const RoutedMessage& message : batch) {
      note(std::to_string(message.shards) + " " + std::string(message.user_key) + (message.text ? " text " : " binary ") +
           std::string(message.payload));
    }
  }
  void gap(ShardSet shards, std::string_view user_key, std::string_view reason) override {
    note("gap " + (~shards == 0 ? "all" : std::to_string(shards)) + " " + std::string(user_key) + ": " + std::string(reason));
  }
  void disconnect(ShardSet shards, std::string_view user_key) override {
    note("disconnect " + std::to_string(shards) + " " + std::string(user_key));
  }
  std::vector<std::string> take() { return std::exchange(notes_, {}); }
  [[nodiscard]] int batches() const { return batches_; }

 private:
  void note(std::string text) { notes_.push_back(std::move(text)); }

  std::vector<std::string> notes_;
  int batches_ = 0;
};

class BrokerHostTest : public testing::Test {
 protected:
  BrokerHostTest() {
    host_.attach(broker_, registry_, sink_);
    Capabilities capabilities;
    capabilities.max_payload_bytes = kMessageBytes + kEnvelopeBytes;
    broker_.set_capabilities(capabilities);
  }

  void deliver(const std::string& channel, const std::string& payload) {
    const Message message{channel, payload};
    host_.deliver({&message, 1});
  }

  /// Of a publisher that numbers its messages.
  std::string sealed(Kind kind, std::string_view payload) { return encode_envelope(kind, 1, next_++, 0, payload); }

  std::uint64_t dropped(Dropped why) { return metrics_.dropped[static_cast<std::size_t>(why)].value(); }

  void state(State state, std::vector<std::string_view> reasons = {}) { host_.state(state, reasons); }

  std::shared_ptr<LineSink> lines_ = std::make_shared<LineSink>();
  std::optional<Log> log_{std::in_place, LogLevel::info, std::vector<std::shared_ptr<spdlog::sinks::sink>>{lines_}};
  Metrics metrics_;
  BrokerHost host_{"scripted", "instance-1", "app:", std::chrono::milliseconds(1500), kMessageBytes, *log_, metrics_};
  test::ScriptedBroker broker_;
  test::RecordingObserver observer_;
  LiveLimits limits_{{}};
  UserRegistry registry_{broker_, observer_, limits_, "app:", std::chrono::milliseconds(0)};
  RecordingSink sink_;
  std::uint64_t next_ = 0;
};

TEST_F(BrokerHostTest, TellsTheBrokerAboutTheInstance) {
  EXPECT_EQ(host_.name(), "scripted");
  EXPECT_EQ(host_.info().instance_id, "instance-1");
  EXPECT_EQ(host_.info().channel_prefix, "app:");
  EXPECT_EQ(host_.info().call_timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(host_.info().payload_bytes, kMessageBytes + kEnvelopeBytes) << "the envelope goes on top of the message";
}

TEST_F(BrokerHostTest, RoutesToTheShardsThatHoldTheUser) {
  registry_.add("alice", 0);
  registry_.add("alice", 3);
  registry_.add("bob", 1);
  const std::string payloads[] = {sealed(Kind::text, "one"), sealed(Kind::binary, "two\0"s), "foreign", sealed(Kind::text, "")};
  const Message batch[] = {
      {"app:alice", payloads[0]}, {"app:bob", payloads[1]}, {"app:alice", payloads[2]}, {"app:alice", payloads[3]}};
  host_.deliver(batch);
  EXPECT_THAT(sink_.take(), ElementsAre("9 alice text one", "2 bob binary two\0"s, "9 alice text foreign", "9 alice text "));
  EXPECT_EQ(sink_.batches(), 1) << "one batch stays one batch";
  std::uint64_t timed = 0;
  for (std::size_t i = 0; i <= DurationHistogram::kBoundsSeconds.size(); ++i) timed += metrics_.delivery_lag_seconds.bucket(i);
  EXPECT_EQ(timed, 3U) << "a foreign message does not say when it was sent";
}

TEST_F(BrokerHostTest, CountsWhatNobodyHoldsAnyMore) {
  deliver("app:alice", sealed(Kind::text, "late"));
  EXPECT_THAT(sink_.take(), IsEmpty());
  EXPECT_EQ(sink_.batches(), 0);
  EXPECT_EQ(dropped(Dropped::no_receiver), 1U);
}

TEST_F(BrokerHostTest, NeverTakesAChannelOfAnotherPrefixOrAReservedOneForAUsers) {
  registry_.add("alice", 0);
  registry_.add("p:alice", 0);
  for (const char* name : {"\x01", "\x02", "\001alice", "\002inbox", "\001control"}) registry_.add(name, 0);
  for (const std::string& channel : {"alice"s, "App:alice"s, "app"s, "app:"s, "other:alice"s, "app:\x01"s, "app:\x02"s,
                                     "app:\001alice"s, "app:\002inbox"s, kControl}) {
    deliver(channel, sealed(Kind::text, "x"));
    deliver(channel, "foreign");
  }
  EXPECT_THAT(sink_.take(), IsEmpty());
}

TEST_F(BrokerHostTest, ObeysDisconnectOnTheControlChannelOnly) {
  registry_.add("alice", 2);
  deliver(kControl, sealed(Kind::control, disconnect_order("alice")));
  EXPECT_THAT(sink_.take(), ElementsAre("disconnect 4 alice"));
  deliver("app:alice", sealed(Kind::control, disconnect_order("alice")));
  deliver("app:\001other", sealed(Kind::control, disconnect_order("alice")));
  EXPECT_THAT(sink_.take(), IsEmpty());
  EXPECT_EQ(dropped(Dropped::unknown_kind), 1U) << "an order on a user's channel is no message";
}

TEST_F(BrokerHostTest, ObeysNothingElseOnTheControlChannel) {
  registry_.add("alice", 2);
  deliver(kControl, disconnect_order("alice"));
  deliver(kControl, sealed(Kind::text, disconnect_order("alice")));
  deliver(kControl, sealed(Kind::binary, disconnect_order("alice")));
  deliver(kControl, sealed(Kind::control, disconnect_order("bob")));
  EXPECT_EQ(dropped(Dropped::unknown_kind), 3U) << "what is no order";
  deliver(kControl, sealed(Kind::control, "an order of later versions"));
  EXPECT_EQ(dropped(Dropped::unknown_kind), 4U);
  EXPECT_THAT(sink_.take(), IsEmpty());
}

TEST_F(BrokerHostTest, DropsAndCountsAnUnknownKind) {
  registry_.add("alice", 0);
  deliver("app:alice", sealed(static_cast<Kind>(9), "later"));
  EXPECT_THAT(sink_.take(), IsEmpty());
  EXPECT_EQ(dropped(Dropped::unknown_kind), 1U);
}

TEST_F(BrokerHostTest, ALargerForeignMessageIsAGap) {
  registry_.add("alice", 1);
  deliver("app:alice", std::string(kMessageBytes, 'x'));
  EXPECT_EQ(sink_.take().size(), 1U) << "exactly the limit passes";
  deliver("app:alice", sealed(Kind::binary, std::string(kMessageBytes, 'x')));
  EXPECT_EQ(sink_.take().size(), 1U) << "the envelope does not count";
  EXPECT_EQ(metrics_.gaps.value(), 0U);

  deliver("app:alice", std::string(kMessageBytes + 1, 'x'));
  EXPECT_THAT(sink_.take(), ElementsAre("gap 2 alice: a message was larger than limits.message_bytes"));
  EXPECT_EQ(dropped(Dropped::oversize), 1U);
  EXPECT_EQ(metrics_.gaps.value(), 1U);
}

TEST_F(BrokerHostTest, DropsADuplicate) {
  registry_.add("alice", 0);
  const std::string message = sealed(Kind::text, "once");
  deliver("app:alice", message);
  deliver("app:alice", message);
  EXPECT_THAT(sink_.take(), ElementsAre("1 alice text once"));
  EXPECT_EQ(dropped(Dropped::duplicate), 1U);
  deliver("app:alice", "foreign");
  deliver("app:alice", "foreign");
  EXPECT_EQ(sink_.take().size(), 2U) << "what has no sequence can't be a duplicate";
}

TEST_F(BrokerHostTest, PassesAGapOfAllOn) {
  host_.gap({}, "the link was down");
  EXPECT_THAT(sink_.take(), ElementsAre("gap all : the link was down"));
  EXPECT_EQ(metrics_.gaps.value(), 1U);
}

TEST_F(BrokerHostTest, PassesAGapToTheUsersHit) {
  registry_.add("alice", 0);
  registry_.add("bob", 1);
  registry_.add("carol", 2);
  const std::string_view channels[] = {"app:alice", "app:carol", "app:nobody", "other:bob", kControl};
  host_.gap(channels, "dropped");
  EXPECT_THAT(sink_.take(), ElementsAre("gap 1 alice: dropped", "gap 4 carol: dropped"));
  EXPECT_EQ(metrics_.gaps.value(), 1U);
}

TEST_F(BrokerHostTest, KeepsTheStateAndItsReasons) {
  EXPECT_EQ(host_.status().state, State::connecting);
  state(State::failed, {"auth: WRONGPASS", "config: RESP2"});
  EXPECT_EQ(host_.status().state, State::failed);
  EXPECT_THAT(host_.status().reasons, ElementsAre("auth: WRONGPASS", "config: RESP2"));
  state(State::ready);
  EXPECT_EQ(host_.status().state, State::ready);
  EXPECT_THAT(host_.status().reasons, IsEmpty());
  state(State::degraded, {"link lost"});
  EXPECT_THAT(host_.status().reasons, ElementsAre("link lost"));
  state(State::closed);
  EXPECT_EQ(host_.status().state, State::closed);
}

TEST_F(BrokerHostTest, KeepsAReasonOnceHoweverManyConnectionsGiveIt) {
  state(State::failed, {"NOPERM subscribe", "auth: WRONGPASS", "NOPERM subscribe", "NOPERM subscribe"});
  EXPECT_THAT(host_.status().reasons, ElementsAre("NOPERM subscribe", "auth: WRONGPASS"));
}

TEST_F(BrokerHostTest, CountsReturnsToReadyOnly) {
  state(State::connecting);
  state(State::ready);
  EXPECT_EQ(metrics_.broker_reconnects.value(), 0U) << "the first is no return";
  state(State::ready);
  EXPECT_EQ(metrics_.broker_reconnects.value(), 0U) << "it was never left";
  state(State::degraded);
  state(State::failed);
  state(State::ready);
  EXPECT_EQ(metrics_.broker_reconnects.value(), 1U);
  state(State::degraded);
  state(State::ready);
  EXPECT_EQ(metrics_.broker_reconnects.value(), 2U);
}

TEST_F(BrokerHostTest, ReadyConfirmsThePendingUsers) {
  registry_.add("alice", 0);
  broker_.subscribed("app:alice", {errc::unavailable, ""});
  observer_.take();
  state(State::degraded);
  EXPECT_THAT(observer_.take(), IsEmpty());
  state(State::ready);
  EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::confirmed, {}, ""}));
}

TEST_F(BrokerHostTest, ABrokerForSmallerMessagesFailsWithTheReason) {
  registry_.add("alice", 0);
  broker_.subscribed("app:alice", {errc::unavailable, ""});
  observer_.take();
  Capabilities capabilities;
  capabilities.max_payload_bytes = kMessageBytes + kEnvelopeBytes - 1;
  broker_.set_capabilities(capabilities);
  state(State::ready);
  EXPECT_EQ(host_.status().state, State::failed);
  EXPECT_THAT(
      host_.status().reasons,
      ElementsAre("config: the broker takes payloads up to 131 bytes, limits.message_bytes needs 132: lower it or raise the "
                  "broker's limit"));
  EXPECT_THAT(observer_.take(), IsEmpty()) << "not ready confirms nobody";
}

TEST_F(BrokerHostTest, PassesARefusalToTheRegistry) {
  registry_.add("alice", 0);
  broker_.subscribed("app:alice");
  observer_.take();
  host_.refused("other:alice", {errc::rejected, "NOPERM"});
  EXPECT_THAT(observer_.take(), IsEmpty());
  host_.refused("app:alice", {errc::rejected, "NOPERM"});
  EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::refused, errc::rejected, "NOPERM"}));
}

TEST_F(BrokerHostTest, LogsUnderTheBrokersNameAndRepeatsNoState) {
  EXPECT_FALSE(host_.log_enabled(LogLevel::debug));
  EXPECT_TRUE(host_.log_enabled(LogLevel::info));
  host_.log(LogLevel::debug, "not this");
  host_.log(LogLevel::error, "{braces} are no format");
  for (int attempt = 0; attempt < 3; ++attempt) state(State::failed, {"auth: no", "config: neither"});
  state(State::ready);
  host_.refused(kControl, {errc::rejected, "NOPERM"});
  log_.reset();
  EXPECT_THAT(lines_->lines(),
              ElementsAre("broker.scripted: {braces} are no format", "broker.scripted: failed: auth: no; config: neither",
                          "broker.scripted: ready", HasSubstr("rejected: NOPERM")));
}

TEST_F(BrokerHostTest, WhatABrokerSaysTooOftenIsLeftOutAndCounted) {
  constexpr std::size_t kTimes = 200;
  for (std::size_t i = 0; i < kTimes; ++i) {
    host_.log(LogLevel::error, "an error");
    host_.log(LogLevel::info, "chatter");
    host_.gap({}, "the link flaps");
    state(i % 2 == 0 ? State::degraded : State::ready);
  }
  log_.reset();
  std::size_t told = 0;
  for (const std::string& line : lines_->lines()) {
    told += line.find(" more like it: ") == std::string::npos ? 1 : std::stoul(line);
  }
  EXPECT_EQ(told, 4 * kTimes);
  EXPECT_LT(lines_->lines().size(), kTimes);
}

}  // namespace
}  // namespace signalbox
