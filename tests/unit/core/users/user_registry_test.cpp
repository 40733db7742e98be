#include "core/users/user_registry.hpp"

#include "tests/unit/core/users/registry_fixture.hpp"

namespace signalbox {
namespace {

using test::Told;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class UserRegistryTest : public test::RegistryTest {};

TEST_F(UserRegistryTest, SubscribesForTheFirstShardAndUnsubscribesAfterTheLast) {
  make(0ms, "app:");
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  EXPECT_EQ(registry_->add("alice", 5), Standing::waiting);
  EXPECT_EQ(registry_->shards_of("alice"), 0b100001U);
  EXPECT_THAT(observer_.take(), IsEmpty());
  broker_.subscribed("app:alice");
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b100001, "alice", Standing::confirmed, {}, ""}));

  registry_->remove("alice", 0);
  EXPECT_EQ(registry_->shards_of("alice"), 0b100000U);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe app:alice"));
  registry_->remove("alice", 5);
  EXPECT_EQ(registry_->shards_of("alice"), 0U);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe app:alice"));
  broker_.unsubscribed("app:alice");
  EXPECT_EQ(broker_.open_calls(), 0U);
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(UserRegistryTest, ConfirmsASecondShardAtOnce) {
  make(0ms);
  confirm("alice");
  EXPECT_EQ(registry_->add("alice", kMaxShards - 1), Standing::confirmed);
  EXPECT_EQ(registry_->shards_of("alice"), 1U | ShardSet{1} << 63);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(UserRegistryTest, KeepsUsersApart) {
  make(0ms);
  confirm("alice");
  EXPECT_EQ(registry_->add("alice2", 0), Standing::waiting);
  EXPECT_EQ(registry_->shards_of("alic"), 0U);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice2"));
  registry_->remove("alice", 0);
  EXPECT_EQ(registry_->shards_of("alice2"), 1U);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
}

TEST_F(UserRegistryTest, CountsUsersNotShards) {
  make(1h);
  EXPECT_EQ(registry_->users(), 0U);
  confirm("alice");
  registry_->add("alice", 1);
  EXPECT_EQ(registry_->users(), 1U);
  registry_->add("bob", 1);
  EXPECT_EQ(registry_->users(), 2U);
  registry_->remove("alice", 0);
  EXPECT_EQ(registry_->users(), 2U);
  registry_->remove("alice", 1);
  EXPECT_EQ(registry_->users(), 1U) << "a subscription kept for a while is no user";
  registry_->add("alice", 0);
  EXPECT_EQ(registry_->users(), 2U);
}

TEST_F(UserRegistryTest, KeepsTheSubscriptionForTheDelayToTheTick) {
  make(1h);
  confirm("alice");
  const auto before = Clock::now();
  registry_->remove("alice", 0);
  const auto after = Clock::now();
  registry_->tick(before + 1h - 1ns);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
  registry_->tick(after + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
  registry_->tick(after + 2h);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
}

TEST_F(UserRegistryTest, AReturnWithinTheDelayCostsNothing) {
  make(1h);
  confirm("alice");
  registry_->remove("alice", 0);
  EXPECT_EQ(registry_->add("alice", 3), Standing::confirmed);
  registry_->tick(Clock::now() + 10h);
  EXPECT_EQ(registry_->shards_of("alice"), 0b1000U);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
  EXPECT_THAT(observer_.take(), IsEmpty());
}

TEST_F(UserRegistryTest, CountsTheDelayFromTheLatestLeave) {
  make(1h);
  confirm("alice");
  registry_->remove("alice", 0);
  const auto first = Clock::now();
  registry_->add("alice", 0);
  while (Clock::now() == first) {
  }
  registry_->remove("alice", 0);
  const auto second = Clock::now();
  registry_->tick(first + 1h);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
  registry_->tick(second + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
}

TEST_F(UserRegistryTest, EndsEverySubscriptionThatIsDue) {
  make(1h);
  for (const char* user : {"alice", "bob", "carol"}) confirm(user);
  for (const char* user : {"carol", "alice"}) registry_->remove(user, 0);
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe carol", "unsubscribe alice"));
}

TEST_F(UserRegistryTest, UnsubscribesAUserWhoLeftWhileTheSubscribeWasInFlight) {
  make(0ms);
  registry_->add("alice", 0);
  registry_->remove("alice", 0);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice")) << "calls of a channel never overlap";
  broker_.subscribed("alice");
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
  EXPECT_THAT(observer_.take(), IsEmpty()) << "nobody is left to be told";
}

TEST_F(UserRegistryTest, AlsoIfTheDelayEndedBeforeTheSubscribeDid) {
  make(1h);
  registry_->add("alice", 0);
  registry_->remove("alice", 0);
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  broker_.subscribed("alice");
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
}

TEST_F(UserRegistryTest, WaitsForTheDelayIfTheSubscribeEndedFirst) {
  make(1h);
  registry_->add("alice", 0);
  registry_->remove("alice", 0);
  broker_.subscribed("alice");
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
}

TEST_F(UserRegistryTest, TellsAUserWhoCameBackWhileTheSubscribeWasInFlight) {
  make(0ms);
  registry_->add("alice", 0);
  registry_->remove("alice", 0);
  EXPECT_EQ(registry_->add("alice", 2), Standing::waiting);
  broker_.subscribed("alice");
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b100, "alice", Standing::confirmed, {}, ""}));
}

TEST_F(UserRegistryTest, SubscribesAgainForAUserWhoCameBackWhileTheUnsubscribeWasInFlight) {
  make(0ms);
  confirm("alice");
  registry_->remove("alice", 0);
  EXPECT_EQ(registry_->add("alice", 1), Standing::waiting) << "the subscription that was confirmed is about to end";
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
  broker_.unsubscribed("alice");
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
  EXPECT_THAT(observer_.take(), IsEmpty());
  broker_.subscribed("alice");
  EXPECT_THAT(observer_.take(), ElementsAre(Told{0b10, "alice", Standing::confirmed, {}, ""}));
}

TEST_F(UserRegistryTest, AsksNothingForAUserWhoCameBackAndLeftWhileTheUnsubscribeWasInFlight) {
  make(1h);
  confirm("alice");
  registry_->remove("alice", 0);
  registry_->tick(Clock::now() + 1h);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
  registry_->add("alice", 0);
  registry_->remove("alice", 0);
  broker_.unsubscribed("alice");
  registry_->tick(Clock::now() + 10h);
  EXPECT_THAT(broker_.take_calls(), IsEmpty());
  EXPECT_EQ(registry_->users(), 0U);
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
}

TEST_F(UserRegistryTest, AnUnsubscribeEndsWhateverItsOutcome) {
  make(0ms);
  for (const errc code : {errc::unavailable, errc::superseded, errc::closed, errc::internal}) {
    confirm("alice");
    registry_->remove("alice", 0);
    broker_.unsubscribed("alice", {code, "no"});
    EXPECT_THAT(broker_.take_calls(), ElementsAre("unsubscribe alice"));
    EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
    EXPECT_THAT(broker_.take_calls(), ElementsAre("subscribe alice"));
    broker_.subscribed("alice");
    registry_->remove("alice", 0);
    broker_.unsubscribed("alice");
    static_cast<void>(broker_.take_calls());
    static_cast<void>(observer_.take());
  }
}

TEST_F(UserRegistryTest, CountsTheConnectionsOfAUserOverTheShards) {
  make(1h);
  limits_.connections_per_user = 3;
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  EXPECT_EQ(registry_->add("alice", 1), Standing::waiting);
  EXPECT_EQ(registry_->add("alice", 0), std::nullopt);
  EXPECT_EQ(registry_->add("alice", 2), std::nullopt);
  EXPECT_EQ(registry_->shards_of("alice"), 0b11U) << "who is refused leaves no trace";
  EXPECT_EQ(registry_->add("bob", 2), Standing::waiting) << "each user for itself";

  registry_->remove_one("alice");
  EXPECT_EQ(registry_->shards_of("alice"), 0b11U);
  EXPECT_EQ(registry_->add("alice", 2), Standing::waiting);
  EXPECT_EQ(registry_->add("alice", 2), std::nullopt);
  for (unsigned shard = 0; shard < 3; ++shard) registry_->remove("alice", shard);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(registry_->add("alice", 0), Standing::waiting) << "all places were given back";
  EXPECT_EQ(registry_->add("alice", 0), std::nullopt);
}

TEST_F(UserRegistryTest, ObeysALimitOfConnectionsThatChanges) {
  make(1h);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  limits_.connections_per_user = 2;
  EXPECT_EQ(registry_->add("alice", 0), std::nullopt) << "those before the limit count";
  registry_->remove_one("alice");
  EXPECT_EQ(registry_->add("alice", 0), std::nullopt);
  registry_->remove_one("alice");
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
  limits_.connections_per_user = 0;
  EXPECT_EQ(registry_->add("alice", 0), Standing::waiting);
}

}  // namespace
}  // namespace signalbox
