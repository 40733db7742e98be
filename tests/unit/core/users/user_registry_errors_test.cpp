// What the registry makes of a broker that can't or won't subscribe.
#include "core/users/user_registry.hpp"
#include "tests/unit/core/users/registry_fixture.hpp"

namespace signalbox {
namespace {

using test::Told;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr std::array kRefusals{errc::rejected, errc::invalid_argument, errc::unsupported, errc::closed};
/// Passing reasons that no return to ready would end.
constexpr std::array kRepeated{errc::superseded, errc::overloaded, errc::unknown_outcome, errc::internal, errc::too_large};

class UserRegistryErrors : public test::RegistryTest {};

TEST_F(UserRegistryErrors, UnavailableIsPendingUntilTheBrokerIsReady) {
  make(0ms);
  registry_->add("alice", 0);
  broker_.subscribed("alice", {errc::unavailable, "connection refused"});
  EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::pending, errc::unavailable, "connection refused"}));
  EXPECT_EQ(registry_->add("alice", 1), Standing::pending);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  registry_->broker_is_ready();
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b11, "alice", Standing::confirmed, {}, ""}));
  EXPECT_EQ(registry_->add("alice", 2), Standing::confirmed);
  registry_->broker_is_ready();
  EXPECT_THAT(observer_.take(), IsEmpty()) << "told once";
  registry_->tick(Clock::now() + 2h);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
}

/// As where it is one of several servers that is away, and this user's is back before it.
TEST_F(UserRegistryErrors, APendingUserAsksAgainEveryFiveSecondsAndIsToldOnce) {
  make(0ms);
  registry_->add("alice", 0);
  for (int round = 0; round < 2; ++round) {
    const auto before = Clock::now();
    broker_.subscribed("alice", {errc::unavailable, "not confirmed in time"});
    const auto after = Clock::now();
    EXPECT_EQ(observer_.take().size(), round == 0 ? 1U : 0U);
    static_cast<void>(broker_.take_calls());
    registry_->tick(before + 5s - 1ns);
    EXPECT_THAT(broker_.take_calls(), IsEmpty());
    registry_->tick(after + 5s);
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  }
  // Who comes while it asks is to hear of it.
  EXPECT_EQ(registry_->add("alice", 1), Standing::waiting);
  broker_.subscribed("alice", {errc::unavailable, ""});
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b11, "alice", Standing::pending, errc::unavailable, ""}));
  registry_->tick(Clock::now() + 1h);
  registry_->broker_is_ready();
  EXPECT_THAT(observer_.take(), IsEmpty()) << "the call in flight brings its own answer";
  broker_.subscribed("alice");
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b11, "alice", Standing::confirmed, {}, ""}));
  registry_->tick(Clock::now() + 2h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
}

TEST_F(UserRegistryErrors, ReadyConfirmsEveryPendingUserAndNoneWhoseCallIsInFlight) {
  make(0ms);
  for (int user = 0; user < 200; ++user) registry_->add("user" + std::to_string(user), 0);
  for (int user = 0; user < 150; ++user) broker_.subscribed("user" + std::to_string(user), {errc::unavailable, ""});
  static_cast<void>(observer_.take());
  registry_->broker_is_ready();
  EXPECT_EQ(observer_.take().size(), 150U);
  EXPECT_EQ(registry_->add("user149", 1), Standing::confirmed);
  EXPECT_EQ(registry_->add("user150", 1), Standing::waiting);
  broker_.subscribed("user150");
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b11, "user150", Standing::confirmed, {}, ""}));
}

TEST_F(UserRegistryErrors, APendingUserWhoLeavesIsUnsubscribed) {
  make(0ms);
  registry_->add("alice", 0);
  broker_.subscribed("alice", {errc::unavailable, ""});
  registry_->remove("alice", 0);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice", "unsubscribe alice"));
  static_cast<void>(observer_.take());
  registry_->broker_is_ready();
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(UserRegistryErrors, ReadyIsNotToldToAPendingUserWhoHasLeft) {
  make(1h);
  registry_->add("alice", 0);
  broker_.subscribed("alice", {errc::unavailable, ""});
  registry_->remove("alice", 0);
  static_cast<void>(observer_.take());
  registry_->broker_is_ready();
  EXPECT_THAT(observer_.take(), IsEmpty());
  EXPECT_EQ(registry_->add("alice", 0), Standing::confirmed) << "back within the delay";
}

TEST_F(UserRegistryErrors, ARefusalIsToldAndANewcomerAsksAgain) {
  for (const errc code : kRefusals) {
    make(0ms);
    registry_->add("alice", 0);
    broker_.subscribed("alice", {code, "NOPERM"});
    EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::refused, code, "NOPERM"}));
    registry_->broker_is_ready();
    registry_->tick(Clock::now() + 1h);
    EXPECT_THAT(observer_.take(), IsEmpty()) << word(code);
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));

    EXPECT_EQ(registry_->add("alice", 1), Standing::waiting);
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
    broker_.subscribed("alice");
    EXPECT_THAT(observer_.take(), ElementsAre(Told{0b11, "alice", Standing::confirmed, {}, ""}));
  }
}

TEST_F(UserRegistryErrors, ARefusedUserWhoLeavesHasNothingToUnsubscribe) {
  for (const auto delay : {0ms, 10ms}) {
    make(delay);
    registry_->add("alice", 0);
    broker_.subscribed("alice", {errc::rejected, ""});
    registry_->remove("alice", 0);
    registry_->tick(Clock::now() + 1h);
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
    EXPECT_EQ(registry_->users(), 0U);
  }
}

TEST_F(UserRegistryErrors, ARefusalAfterTheUserLeftEndsIt) {
  make(0ms);
  registry_->add("alice", 0);
  registry_->remove("alice", 0);
  broker_.subscribed("alice", {errc::rejected, ""});
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(UserRegistryErrors, AnyOtherErrorAfterTheUserLeftIsUnsubscribedAtOnce) {
  make(0ms);
  for (const errc code : {errc::unavailable, errc::overloaded}) {
    registry_->add("alice", 0);
    registry_->remove("alice", 0);
    broker_.subscribed("alice", {code, ""});
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice", "unsubscribe alice"))
        << "the broker may still want the channel";
    broker_.unsubscribed("alice");
    EXPECT_THAT(observer_.take(), IsEmpty());
  }
}

TEST_F(UserRegistryErrors, TheBrokerMayRefuseAConfirmedUser) {
  make(0ms);
  confirm("alice");
  registry_->add("alice", 4);
  registry_->broker_refused("alice", {errc::rejected, "ACL changed"});
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b10001, "alice", Standing::refused, errc::rejected, "ACL changed"}));
  registry_->remove("alice", 0);
  registry_->remove("alice", 4);
  EXPECT_THAT(broker_.take_calls(), IsEmpty()) << "it is not wanted any more";
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
}

TEST_F(UserRegistryErrors, TheBrokerMayRefuseAPendingUser) {
  make(0ms);
  registry_->add("alice", 0);
  broker_.subscribed("alice", {errc::unavailable, ""});
  static_cast<void>(observer_.take());
  registry_->broker_refused("alice", {errc::rejected, ""});
  EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::refused, errc::rejected, ""}));
  registry_->broker_is_ready();
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(UserRegistryErrors, TheBrokerMayRefuseAUserWhoHasLeft) {
  make(1h);
  confirm("alice");
  registry_->remove("alice", 0);
  registry_->broker_refused("alice", {errc::rejected, ""});
  EXPECT_THAT(observer_.take(), IsEmpty());
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
}

TEST_F(UserRegistryErrors, ARefusalOfAStrangerOrOfACallInFlightChangesNothing) {
  make(0ms);
  registry_->broker_refused("nobody", {errc::rejected, ""});
  registry_->add("alice", 0);
  registry_->broker_refused("alice", {errc::rejected, ""});
  EXPECT_THAT(observer_.take(), IsEmpty());
  broker_.subscribed("alice");
  EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::confirmed, {}, ""}));
}

TEST_F(UserRegistryErrors, APassingErrorIsRepeatedAfterASecond) {
  for (const errc code : kRepeated) {
    make(0ms);
    registry_->add("alice", 0);
    const auto before = Clock::now();
    broker_.subscribed("alice", {code, "busy"});
    const auto after = Clock::now();
    EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::pending, code, "busy"}));
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
    registry_->tick(before + 1s - 1ns);
    EXPECT_THAT(broker_.take_calls(), IsEmpty()) << word(code);
    registry_->tick(after + 1s);
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice")) << word(code);
    EXPECT_EQ(registry_->add("alice", 1), Standing::waiting);
    broker_.subscribed("alice");
    EXPECT_THAT(observer_.take(), ElementsAre(Told{0b11, "alice", Standing::confirmed, {}, ""}));
    registry_->tick(after + 1h);
    EXPECT_THAT(broker_.take_calls(), IsEmpty());
  }
}

TEST_F(UserRegistryErrors, ReadyMakesTheRepeatNeedless) {
  make(0ms);
  registry_->add("alice", 0);
  broker_.subscribed("alice", {errc::overloaded, ""});
  registry_->broker_is_ready();
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
}

TEST_F(UserRegistryErrors, LeavingMakesTheRepeatNeedless) {
  make(0ms);
  registry_->add("alice", 0);
  broker_.subscribed("alice", {errc::overloaded, ""});
  registry_->remove("alice", 0);
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice", "unsubscribe alice"));
  broker_.unsubscribed("alice");
  registry_->tick(Clock::now() + 2h);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
}

TEST_F(UserRegistryErrors, LeavingWithADelayTakesTheRepeatsPlace) {
  make(1h);
  registry_->add("alice", 0);
  broker_.subscribed("alice", {errc::overloaded, ""});
  registry_->remove("alice", 0);
  registry_->tick(Clock::now() + 1min);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
}

TEST_F(UserRegistryErrors, AUserWhoLeftDuringAPassingErrorAndCameBackIsStillAnswered) {
  make(1h);
  registry_->add("alice", 0);
  registry_->remove("alice", 0);
  broker_.subscribed("alice", {errc::overloaded, ""});
  EXPECT_EQ(registry_->add("alice", 0), Standing::pending);
  static_cast<void>(broker_.take_calls());
  registry_->tick(Clock::now() + 2h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  broker_.subscribed("alice");
  EXPECT_THAT(observer_.take(), ElementsAre(Told{1, "alice", Standing::confirmed, {}, ""}));
}

}  // namespace
}  // namespace signalbox
