#include "brokers/nats/subscriber.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/brokers/nats/fake_wire.hpp"

namespace signalbox::nats {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

class NatsSubscriber : public testing::Test {
 protected:
  NatsSubscriber() { connect(); }

  void connect() {
    subscriber_.on_up(wire_, now_);
    now_ += 10s;  // allows as many subscriptions as there may be
    turn();
    fence();
  }
  void turn() { EXPECT_FALSE(subscriber_.turn(now_)); }
  void fence() {
    subscriber_.on_fence(now_);
    turn();
  }
  Done note(const std::string& what) {
    return [this, what](const Status& status) {
      outcomes_.push_back(what + " " + (status.ok() ? "ok" : word(static_cast<errc>(status.code.value()))));
    };
  }
  void subscribe(const std::string& channel) { subscriber_.subscribe(channel, note("+" + channel), now_ + 2s); }
  void unsubscribe(const std::string& channel) { subscriber_.unsubscribe(channel, note("-" + channel), now_ + 2s); }

  Time now_ = Time() + 1h;
  FakeWire wire_;
  Lines refused_;
  Subscriber subscriber_{100'000, 20, [this](std::string_view channel, std::string_view) { refused_.emplace_back(channel); }};
  Lines outcomes_;
};

TEST_F(NatsSubscriber, ConfirmsABatchByTheFenceBehindIt) {
  wire_.take();
  subscribe("alice");
  subscribe("bob");
  turn();
  EXPECT_EQ(wire_.take(), (Lines{"sub alice", "sub bob", "fence"}));
  EXPECT_TRUE(outcomes_.empty());
  fence();
  EXPECT_EQ(outcomes_, (Lines{"+alice ok", "+bob ok"}));
  EXPECT_TRUE(subscriber_.delivers("alice"));
  EXPECT_FALSE(subscriber_.delivers("carol"));
}

TEST_F(NatsSubscriber, LetsWhatIsOnItsWayArriveBeforeItUnsubscribes) {
  subscribe("alice");
  turn();
  fence();
  wire_.take();
  unsubscribe("alice");
  turn();
  EXPECT_EQ(wire_.take(), Lines{"fence"});
  EXPECT_TRUE(subscriber_.delivers("alice"));
  fence();
  EXPECT_EQ(wire_.take(), (Lines{"unsub alice", "fence"}));
  fence();
  EXPECT_EQ(outcomes_.back(), "-alice ok");
  EXPECT_FALSE(subscriber_.delivers("alice"));
}

TEST_F(NatsSubscriber, RejectsTheOneChannelThatTheServerRefuses) {
  subscribe("alice");
  subscribe("secret");
  turn();
  subscriber_.on_violation({false, "signalbox.u.secret", true, "Permissions Violation"}, "secret");
  fence();
  EXPECT_EQ(outcomes_, (Lines{"+secret rejected", "+alice ok"}));
  EXPECT_FALSE(subscriber_.delivers("secret"));
  EXPECT_TRUE(refused_.empty()) << "the call has told it";
}

TEST_F(NatsSubscriber, FindsTheRefusedOneOfThoseThatBeginAlike) {
  const std::string beginning(30, 'x');
  const std::string forbidden = beginning + "5";
  for (int i = 0; i < 8; ++i) subscribe(beginning + std::to_string(i));
  subscribe("alice");
  wire_.take();
  turn();
  for (int batch = 0; batch < 20; ++batch) {
    const Lines said = wire_.take();
    if (std::find(said.begin(), said.end(), "sub " + forbidden) != said.end()) {
      subscriber_.on_violation({false, {}, false, "Permissions Violation"}, beginning);
    }
    fence();
  }
  EXPECT_EQ(outcomes_.size(), 9U);
  for (const std::string& outcome : outcomes_) {
    EXPECT_TRUE(outcome.ends_with(outcome.starts_with("+" + forbidden) ? " rejected" : " ok")) << outcome;
  }
  EXPECT_TRUE(refused_.empty());
}

TEST_F(NatsSubscriber, GivesTheLinkUpWhereItCannotFindTheRefusedOne) {
  const std::string beginning(30, 'x');
  subscribe(beginning + "1");
  turn();
  fence();
  subscriber_.on_violation({false, {}, false, "Permissions Violation"}, beginning);
  EXPECT_TRUE(subscriber_.turn(now_));
}

TEST_F(NatsSubscriber, TellsTheHostOfAChannelThatIsTakenAway) {
  subscribe("alice");
  turn();
  fence();
  subscriber_.on_violation({false, "signalbox.u.alice", true, "Permissions Violation"}, "alice");
  EXPECT_EQ(refused_, Lines{"alice"});
  EXPECT_FALSE(subscriber_.delivers("alice"));
}

TEST_F(NatsSubscriber, SubscribesToEverythingAgainOnANewLink) {
  subscribe("alice");
  subscribe("bob");
  turn();
  fence();
  subscriber_.on_down();
  turn();
  EXPECT_FALSE(subscriber_.settled());
  unsubscribe("bob");
  EXPECT_EQ(outcomes_.back(), "-bob ok");
  wire_.take();
  subscriber_.on_up(wire_, now_);
  now_ += 1s;
  turn();
  EXPECT_EQ(wire_.take(), (Lines{"sub alice", "fence"}));
  fence();
  EXPECT_TRUE(subscriber_.settled());
  EXPECT_TRUE(subscriber_.lost_channels());
}

TEST_F(NatsSubscriber, KeepsWantingWhatWasNotConfirmedInTime) {
  subscribe("alice");
  turn();
  now_ += 2s;
  turn();
  EXPECT_EQ(outcomes_, Lines{"+alice unavailable"});
  EXPECT_FALSE(subscriber_.settled());
  fence();
  EXPECT_TRUE(subscriber_.settled());
}

TEST_F(NatsSubscriber, OvertakesWhatHasNotBeenSaid) {
  subscribe("alice");
  unsubscribe("alice");
  EXPECT_EQ(outcomes_, (Lines{"+alice superseded", "-alice ok"}));
}

TEST_F(NatsSubscriber, LeavesEveryChannelWhenItDrains) {
  subscribe("alice");
  turn();
  fence();
  wire_.take();
  subscriber_.drain();
  turn();
  fence();
  EXPECT_FALSE(subscriber_.drained());
  EXPECT_EQ(wire_.take(), (Lines{"fence", "unsub alice", "fence"}));
  fence();
  EXPECT_TRUE(subscriber_.drained());
}

}  // namespace
}  // namespace signalbox::nats
