#include "core/delivery/publisher.hpp"

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/unit/core/users/scripted_broker.hpp"

namespace signalbox {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A PublishResult with what it views copied.
struct Result {
  std::error_code code;
  std::string detail;
  bool delivered = false;
  std::uint64_t count = 0;
  Precision precision = Precision::unknown;
};

class PublisherTest : public testing::Test {
 protected:
  void promise(Precision receivers) {
    Capabilities capabilities;
    capabilities.receivers = receivers;
    broker_.set_capabilities(capabilities);
  }

  /// Publishes, and gives the place in results_ where the outcome will be.
  std::size_t publish(std::string_view user, std::string_view payload, Kind kind = Kind::text) {
    const std::size_t place = results_.size();
    results_.emplace_back();
    publisher_.publish(user, kind, payload, [this, place](const PublishResult& result) {
      EXPECT_FALSE(results_[place]) << "completed twice";
      results_[place] = {result.status.code, std::string(result.status.detail), result.delivered, result.receivers.count,
                         result.receivers.precision};
    });
    return place;
  }

  /// The payloads that were published so far, without their envelopes.
  std::vector<std::string> payloads() {
    std::vector<std::string> all;
    for (const auto& published : broker_.published()) all.emplace_back(decode_envelope(published.payload).payload);
    return all;
  }

  std::uint64_t published(const std::string& result) {
    const std::string line = "signalbox_published_total{result=\"" + result + "\"} ";
    const std::string text = metrics_.text({});
    const std::size_t at = text.find(line);
    return at == std::string::npos ? 999 : std::stoull(text.substr(at + line.size()));
  }

  std::uint64_t timed() {
    std::uint64_t all = 0;
    for (std::size_t i = 0; i <= DurationHistogram::kBoundsSeconds.size(); ++i) all += metrics_.publish_seconds.bucket(i);
    return all;
  }

  test::ScriptedBroker broker_;
  Metrics metrics_;
  Publisher publisher_{broker_, metrics_, "app:"};
  std::vector<std::optional<Result>> results_;
};

TEST_F(PublisherTest, AsksAndPublishesInOneStepWhereTheCountIsProof) {
  for (const Precision precision : {Precision::exact, Precision::at_least}) {
    promise(precision);
    const std::size_t mine = publish("alice", "hi");
    EXPECT_THAT(broker_.take_calls(), ElementsAre("publish app:alice"));
    EXPECT_FALSE(results_[mine]) << "never from inside the call";
    broker_.answer_publish("app:alice", {}, {2, precision});
    ASSERT_TRUE(results_[mine]);
    EXPECT_FALSE(results_[mine]->code);
    EXPECT_TRUE(results_[mine]->delivered);
    EXPECT_EQ(results_[mine]->count, 2U);
    EXPECT_EQ(results_[mine]->precision, precision);
  }
}

TEST_F(PublisherTest, NoReceiversAreNotDelivered) {
  promise(Precision::exact);
  const std::size_t mine = publish("alice", "hi");
  broker_.answer_publish("app:alice", {}, {0, Precision::exact});
  EXPECT_FALSE(results_[mine]->code);
  EXPECT_FALSE(results_[mine]->delivered);
}

TEST_F(PublisherTest, SealsEachMessageWithTheNextSequence) {
  promise(Precision::exact);
  publish("alice", "text");
  publish("bob", "bytes\0"s, Kind::binary);
  publish("alice", "");
  ASSERT_EQ(broker_.published().size(), 3U);
  const Kind kinds[] = {Kind::text, Kind::binary, Kind::text};
  for (std::size_t i = 0; i < 3; ++i) {
    const Envelope envelope = decode_envelope(broker_.published()[i].payload);
    EXPECT_FALSE(envelope.foreign);
    EXPECT_EQ(envelope.kind, kinds[i]);
    EXPECT_EQ(envelope.publisher, publisher_.id());
    EXPECT_EQ(envelope.sequence, i);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto age = now - std::chrono::microseconds(envelope.sent_us);
    EXPECT_LT(std::abs(std::chrono::duration<double>(age).count()), 60) << "microseconds since 1970";
  }
  EXPECT_THAT(payloads(), ElementsAre("text", "bytes\0"s, ""));
}

TEST_F(PublisherTest, HasAnIdOfItsOwn) {
  std::set<std::uint64_t> ids{publisher_.id()};
  for (int i = 0; i < 10; ++i) ids.insert(Publisher(broker_, metrics_, "").id());
  EXPECT_EQ(ids.size(), 11U);
}

TEST_F(PublisherTest, AsksFirstWhereTheCountIsNoProof) {
  for (const Precision precision : {Precision::estimate, Precision::unknown}) {
    promise(precision);
    const std::size_t mine = publish("alice", "hi");
    EXPECT_THAT(broker_.take_calls(), ElementsAre("exists app:alice"));
    broker_.answer_exists("app:alice", {}, true);
    EXPECT_THAT(broker_.take_calls(), ElementsAre("publish app:alice"));
    EXPECT_FALSE(results_[mine]);
    broker_.answer_publish("app:alice", {}, {0, precision});
    EXPECT_TRUE(results_[mine]->delivered) << "the channel exists: a count that proves nothing does not deny it";
    EXPECT_EQ(results_[mine]->precision, precision);
  }
}

TEST_F(PublisherTest, PublishesNothingToAUserWhoDoesNotExist) {
  promise(Precision::estimate);
  const std::size_t mine = publish("alice", "hi");
  broker_.answer_exists("app:alice", {}, false);
  EXPECT_FALSE(results_[mine]->code);
  EXPECT_FALSE(results_[mine]->delivered);
  EXPECT_THAT(broker_.published(), IsEmpty());
  EXPECT_EQ(broker_.open_calls(), 0U);
}

TEST_F(PublisherTest, KeepsTheOrderOfMessagesToOneUserWhateverTheOrderOfAnswers) {
  promise(Precision::estimate);
  for (const char* payload : {"a1", "a2", "a3"}) publish("alice", payload);
  for (const char* payload : {"b1", "b2"}) publish("bob", payload);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("exists app:alice", "exists app:bob")) << "one question at a time for a user";

  broker_.answer_exists("app:bob", {}, true);
  EXPECT_THAT(payloads(), ElementsAre("b1")) << "alice's late answer holds up nobody else";
  broker_.answer_exists("app:alice", {}, true);
  broker_.answer_exists("app:bob", {}, true);
  broker_.answer_exists("app:alice", {}, true);
  publish("alice", "a4");
  broker_.answer_exists("app:alice", {}, true);
  broker_.answer_exists("app:alice", {}, true);
  EXPECT_THAT(payloads(), ElementsAre("b1", "a1", "b2", "a2", "a3", "a4"));
  broker_.take_calls();

  publish("alice", "a5");
  EXPECT_THAT(broker_.take_calls(), ElementsAre("exists app:alice")) << "an empty line begins anew";
}

TEST_F(PublisherTest, AsksForEachMessageAnew) {
  promise(Precision::unknown);
  const std::size_t first = publish("alice", "1");
  const std::size_t second = publish("alice", "2");
  const std::size_t third = publish("alice", "3");
  broker_.answer_exists("app:alice", {}, false);
  broker_.answer_exists("app:alice", {errc::unavailable, "down"});
  broker_.answer_exists("app:alice", {}, true);
  broker_.answer_publish("app:alice", {});
  EXPECT_FALSE(results_[first]->delivered);
  EXPECT_FALSE(results_[first]->code);
  EXPECT_EQ(results_[second]->code, errc::unavailable);
  EXPECT_TRUE(results_[third]->delivered);
  EXPECT_THAT(payloads(), ElementsAre("3"));
}

TEST_F(PublisherTest, TakesAPublishFromInsideACompletion) {
  promise(Precision::estimate);
  publisher_.publish("alice", Kind::text, "1", [this](const PublishResult&) { publish("alice", "2"); });
  broker_.answer_exists("app:alice", {}, false);
  broker_.answer_exists("app:alice", {}, true);
  EXPECT_THAT(payloads(), ElementsAre("2"));
}

TEST_F(PublisherTest, PassesEveryErrorOn) {
  for (const Precision precision : {Precision::exact, Precision::estimate}) {
    promise(precision);
    for (int code = 1; code <= static_cast<int>(errc::internal); ++code) {
      const std::size_t mine = publish("alice", "hi");
      if (precision == Precision::estimate) broker_.answer_exists("app:alice", {}, true);
      broker_.answer_publish("app:alice", {static_cast<errc>(code), "its words"}, {3, precision});
      EXPECT_EQ(results_[mine]->code, static_cast<errc>(code));
      EXPECT_EQ(results_[mine]->detail, "its words");
      EXPECT_FALSE(results_[mine]->delivered) << "an error is never a delivery";
    }
  }
}

TEST_F(PublisherTest, PassesTheErrorOfExistsOnAndPublishesNothing) {
  promise(Precision::estimate);
  const std::size_t mine = publish("alice", "hi");
  broker_.answer_exists("app:alice", {errc::unavailable, "routes not known"}, true);
  EXPECT_EQ(results_[mine]->code, errc::unavailable);
  EXPECT_EQ(results_[mine]->detail, "routes not known");
  EXPECT_FALSE(results_[mine]->delivered);
  EXPECT_THAT(broker_.published(), IsEmpty());
}

TEST_F(PublisherTest, HoldsSoManyBytesAndRefusesMore) {
  promise(Precision::estimate);
  const std::size_t large = publish("alice", std::string(Publisher::kWaitingBytes - kEnvelopeBytes, 'x'));
  broker_.take_calls();
  const std::size_t refused = publish("bob", "");
  EXPECT_FALSE(results_[refused]) << "never from inside the call";
  broker_.answer_exists("app:bob", {}, true);
  EXPECT_EQ(results_[refused]->code, errc::overloaded);
  EXPECT_THAT(results_[refused]->detail, HasSubstr("exists"));
  EXPECT_FALSE(results_[refused]->delivered);
  EXPECT_THAT(broker_.published(), IsEmpty());

  broker_.answer_exists("app:alice", {}, false);
  EXPECT_FALSE(results_[large]->code) << "exactly the bound is taken";
  const std::size_t later = publish("bob", "");
  broker_.answer_exists("app:bob", {}, false);
  EXPECT_FALSE(results_[later]->code) << "there is room again";
}

TEST_F(PublisherTest, CountsAndTimesEachOutcomeOnce) {
  promise(Precision::exact);
  for (const std::uint64_t receivers : {1U, 5U, 0U}) {
    publish("alice", "hi");
    broker_.answer_publish("app:alice", {}, {receivers, Precision::exact});
  }
  publish("alice", "hi");
  EXPECT_EQ(timed(), 3U) << "not before it has ended";
  broker_.answer_publish("app:alice", {errc::unknown_outcome, ""});
  promise(Precision::estimate);
  publish("alice", "hi");
  broker_.answer_exists("app:alice", {errc::unavailable, ""});
  EXPECT_EQ(published("delivered"), 2U);
  EXPECT_EQ(published("not_connected"), 1U);
  EXPECT_EQ(published("unknown_outcome"), 1U);
  EXPECT_EQ(published("unavailable"), 1U);
  EXPECT_EQ(published("internal"), 0U);
  EXPECT_EQ(timed(), 5U);
}

TEST_F(PublisherTest, PassesExistsThrough) {
  std::string answer;
  publisher_.exists("alice", [&](const Status& status, bool exists) {
    answer = status.code.message() + (exists ? " yes " : " no ") + std::string(status.detail);
  });
  EXPECT_THAT(broker_.take_calls(), ElementsAre("exists app:alice"));
  broker_.answer_exists("app:alice", {}, true);
  EXPECT_THAT(answer, HasSubstr(" yes "));
  publisher_.exists("alice", [&](const Status& status, bool) { answer = std::string(status.detail); });
  broker_.answer_exists("app:alice", {errc::unavailable, "down"});
  EXPECT_EQ(answer, "down");
}

TEST_F(PublisherTest, SendsDisconnectToTheControlChannel) {
  promise(Precision::estimate);
  std::vector<errc> outcomes;
  const auto note = [&](const Status& status) { outcomes.push_back(static_cast<errc>(status.code.value())); };
  publisher_.disconnect("alice", note);
  const std::string channel = "app:\001control";
  EXPECT_THAT(broker_.take_calls(), ElementsAre("publish " + channel)) << "nobody is asked whether the channel exists";
  const Envelope envelope = decode_envelope(broker_.published()[0].payload);
  EXPECT_FALSE(envelope.foreign);
  EXPECT_EQ(envelope.kind, Kind::control);
  EXPECT_EQ(read_disconnect_order(envelope.payload), "alice");
  broker_.answer_publish(channel, {}, {0, Precision::estimate});
  publisher_.disconnect("alice", note);
  broker_.answer_publish(channel, {errc::unavailable, ""});
  EXPECT_THAT(outcomes, ElementsAre(static_cast<errc>(0), errc::unavailable));
  EXPECT_EQ(timed(), 0U) << "an order is no publish";
}

TEST(ControlChannel, IsReservedByAControlCharacter) {
  EXPECT_EQ(control_channel(""), "\001control");
  EXPECT_EQ(control_channel("prod."), "prod.\001control");
}

TEST(DisconnectOrder, IsReadAsItWasWritten) {
  for (const std::string& key : {"alice"s, "two words"s, " leading"s, "disconnect me"s, "ж"s}) {
    EXPECT_EQ(read_disconnect_order(disconnect_order(key)), key);
  }
}

TEST(DisconnectOrder, IsNothingElse) {
  for (const std::string_view payload :
       {"", "disconnect", "disconnect ", "Disconnect alice", "reconnect alice", " disconnect alice"}) {
    EXPECT_EQ(read_disconnect_order(payload), "") << payload;
  }
}

}  // namespace
}  // namespace signalbox
