#include "brokers/nats/publisher.hpp"

#include <gtest/gtest.h>

#include "tests/unit/brokers/nats/fake_wire.hpp"

namespace signalbox::nats {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class NatsPublisher : public testing::Test {
 protected:
  NatsPublisher() {
    publisher_.on_up(wire_, now_);
    static_cast<void>(publisher_.turn(now_));
    publisher_.on_fence(now_);
    wire_.take();
  }

  void publish(const std::string& channel, const std::string& payload = "x") {
    ASSERT_TRUE(budget_.take(100));
    publisher_.publish(
        channel, payload, 100,
        [this](const Status& status, Receivers receivers) {
          outcomes_.push_back(status.ok() ? std::to_string(receivers.count) : word(static_cast<errc>(status.code.value())));
        },
        now_ + 2s);
  }
  void exists(const std::string& channel) {
    ASSERT_TRUE(budget_.take(100));
    publisher_.exists(
        channel, 100,
        [this](const Status& status, bool yes) {
          outcomes_.push_back(!status.ok() ? word(static_cast<errc>(status.code.value())) : yes ? "yes" : "no");
        },
        now_ + 2s, now_);
  }
  bool turn() { return !publisher_.turn(now_).has_value(); }

  Time now_ = Time() + 1h;
  brokers::Budget budget_{10'000'000};
  FakeWire wire_;
  Publisher publisher_{budget_};
  Lines outcomes_;
};

TEST_F(NatsPublisher, CountsWhatTheFenceBringsBackAndWhatNobodyHolds) {
  publish("alice", "hi");
  publish("bob", "ho");
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take(), (Lines{"pub alice hi p1", "pub bob ho p2", "fence"}));
  publisher_.on_answer("p2", Answer::nobody);
  EXPECT_EQ(outcomes_, Lines{"0"});
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_, (Lines{"0", "1"}));
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(NatsPublisher, ProvesNothingThatWasSaidBehindTheFence) {
  publish("alice");
  EXPECT_TRUE(turn());
  publish("bob");
  EXPECT_TRUE(turn());
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_.size(), 1u);
  wire_.take();
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take(), Lines{"fence"});
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_.size(), 2u);
}

TEST_F(NatsPublisher, RefusesOnlyTheChannelThatTheServerNames) {
  publish("alice");
  publish("secret");
  EXPECT_TRUE(turn());
  publisher_.on_violation({true, "signalbox.u.secret", true, "Permissions Violation for Publish to \"signalbox.u.secret\""},
                          "secret");
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_, (Lines{"rejected", "1"}));
}

TEST_F(NatsPublisher, AsksAgainUntilSomebodyKnows) {
  exists("alice");
  exists("bob");
  EXPECT_EQ(wire_.take(), (Lines{"probe alice q1", "probe bob q2"}));
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take(), Lines{"fence"});
  publisher_.on_fence(now_);
  publisher_.on_answer("q2", Answer::nobody);
  now_ += 300ms;
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take(), (Lines{"probe alice q1", "fence"}));
  publisher_.on_answer("q1", Answer::holder);
  publisher_.on_answer("q1", Answer::nobody);
  EXPECT_EQ(outcomes_, (Lines{"no", "yes"}));
}

TEST_F(NatsPublisher, NeverGuessesWhenNobodyAnswers) {
  exists("alice");
  now_ += 2s;
  EXPECT_TRUE(turn());
  EXPECT_EQ(outcomes_, Lines{"unavailable"});
}

TEST_F(NatsPublisher, KeepsTheLinkWhenAPublishIsNotAnsweredUntilItsFenceIsLate) {
  publish("alice");
  EXPECT_TRUE(turn());
  now_ += 2s;
  EXPECT_TRUE(turn());
  EXPECT_EQ(outcomes_, Lines{"unknown_outcome"});
  EXPECT_EQ(budget_.used(), 0u);
  publisher_.on_answer("p1", Answer::nobody);
  publisher_.on_fence(now_);
  publish("bob");
  EXPECT_TRUE(turn());
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_, (Lines{"unknown_outcome", "1"}));
  publish("carol");
  EXPECT_TRUE(turn());
  now_ += FenceState::kEcho;
  EXPECT_FALSE(turn());
}

TEST_F(NatsPublisher, DoesNotSayWhatCouldNotBeAnsweredInTime) {
  publish("alice", std::string(Publisher::kWindowBytes, 'x'));
  publish("bob");
  EXPECT_TRUE(turn());
  wire_.take();
  now_ += 1900ms;
  publisher_.on_fence(now_);
  EXPECT_TRUE(turn());
  EXPECT_EQ(outcomes_, (Lines{"1", "unavailable"}));
  EXPECT_TRUE(wire_.take().empty());
}

TEST_F(NatsPublisher, SaysSmallPublishesUntilTheirBytesAreTooMany) {
  constexpr std::size_t kPublishes = 3 * Publisher::kWindow;
  for (std::size_t i = 0; i < kPublishes; ++i) publish("alice");
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take().size(), kPublishes + 1) << "and the fence";
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_, Lines(kPublishes, "1"));
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(NatsPublisher, AsksNoMoreOfAServerThatIsBehind) {
  for (std::size_t i = 0; i < Publisher::kWindow + 10; ++i) exists("alice");
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take().size(), Publisher::kWindow + 1) << "and the fence";
  now_ += 300ms;
  EXPECT_TRUE(turn());
  EXPECT_TRUE(wire_.take().empty()) << "neither again nor more";
  publisher_.on_fence(now_);
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take().size(), Publisher::kWindow + 1);
  now_ += 2s;
  while (publisher_.unfinished() || outcomes_.size() < Publisher::kWindow + 10) ASSERT_TRUE(turn());
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(NatsPublisher, SaysLessAtOnceWhereAFullSocketHoldsUpTheThread) {
  wire_.secure = true;
  now_ += FenceState::kIdle;
  EXPECT_TRUE(turn());
  publisher_.on_fence(now_);
  wire_.take();
  const std::string large(Publisher::kSecureWindowBytes / 2, 'x');
  for (int i = 0; i < 4; ++i) publish("alice", large);
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take().size(), 2u) << "one publish and the fence";
}

TEST_F(NatsPublisher, RefusesTheOneThatBeginsAsTheServerSays) {
  const std::string beginning(200, 'x');
  publish("alice");
  publish(beginning + "1");
  EXPECT_TRUE(turn());
  publisher_.on_violation({true, {}, false, "Permissions Violation"}, beginning);
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_, (Lines{"rejected", "1"}));
}

TEST_F(NatsPublisher, DoesNotGuessWhichOfThoseThatBeginAlikeIsRefused) {
  const std::string beginning(200, 'x');
  publish("alice");
  publish(beginning + "1");
  publish(beginning + "2");
  exists(beginning + "3");
  EXPECT_TRUE(turn());
  publisher_.on_violation({true, {}, false, "Permissions Violation"}, beginning);
  publisher_.on_fence(now_);
  EXPECT_EQ(outcomes_, (Lines{"unknown_outcome", "unknown_outcome", "unavailable", "1"}));
}

TEST_F(NatsPublisher, SaysOfWhatHasNotLeftThatItSurelyHasNot) {
  const std::string large(Publisher::kWindowBytes / 2, 'x');
  for (int i = 0; i < 4; ++i) publish("alice", large);
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take().size(), 2u) << "one publish and the fence";
  publisher_.on_down();
  static_cast<void>(turn());
  EXPECT_EQ(outcomes_, (Lines{"unknown_outcome", "unavailable", "unavailable", "unavailable"}));
  EXPECT_EQ(budget_.used(), 0u);
}

TEST_F(NatsPublisher, ProbesAnIdleLinkAndGivesADeafOneUp) {
  now_ += FenceState::kIdle;
  EXPECT_TRUE(turn());
  EXPECT_EQ(wire_.take(), Lines{"fence"});
  now_ += FenceState::kEcho;
  EXPECT_FALSE(turn());
}

TEST_F(NatsPublisher, CompletesEverythingOnceWhenItCloses) {
  publish("alice");
  exists("bob");
  EXPECT_TRUE(turn());
  publisher_.on_down();
  EXPECT_TRUE(outcomes_.empty()) << "a slice a turn";
  publisher_.close_calls();
  EXPECT_EQ(outcomes_, (Lines{"closed", "closed"}));
  EXPECT_TRUE(publisher_.at_rest());
}

}  // namespace
}  // namespace signalbox::nats
