#include "tests/support/ledger.hpp"

#include <thread>

#include <gmock/gmock.h>

namespace signalbox::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class LedgerTest : public testing::Test {
 protected:
  Ledger::Id sent(const std::string& outcome, const std::string& user = "alice") {
    const Ledger::Id id = ledger_.begin("api", user);
    ledger_.end(id, outcome);
    return id;
  }
  void arrives(Ledger::Id message) { ledger_.received(alice_, Ledger::payload(message)); }
  Ledger::Id registered(const std::string& user, bool envelope) {
    const Ledger::Id id = ledger_.client("one", user, envelope);
    ledger_.registered(id);
    return id;
  }

  Ledger ledger_;
  Ledger::Id alice_ = registered("alice", true);
};

TEST_F(LedgerTest, IsContentWhenWhatWasDeliveredArrives) {
  arrives(sent("delivered"));
  sent("nobody", "stranger");
  ledger_.asked("alice", Ledger::Clock::now(), "yes");
  ledger_.asked("stranger", Ledger::Clock::now(), "no");
  EXPECT_THAT(ledger_.lies(), IsEmpty());
}

TEST_F(LedgerTest, MissesADeliveredMessageThatNoGapCovers) {
  sent("delivered");
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told")));
  EXPECT_EQ(ledger_.lost(), 1u);
  ledger_.fault();
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told")));
  ledger_.gap(alice_, "the link was down");
  EXPECT_THAT(ledger_.lies(), IsEmpty());
  EXPECT_EQ(ledger_.lost(), 1u);
}

TEST_F(LedgerTest, LetsNoGapExcuseWhatWasLostLongBeforeItsFault) {
  sent("delivered");
  std::this_thread::sleep_for(scaled(Ledger::kInFlight) + 50ms);
  ledger_.fault();
  ledger_.gap(alice_, "another fault");
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told")));
}

TEST_F(LedgerTest, LetsNoGapExcuseWhatWasLostAfterIt) {
  ledger_.fault();
  ledger_.gap(alice_, "told before");
  sent("delivered");
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told")));
}

TEST_F(LedgerTest, LetsAPlainClientBeExcusedByItsEnvelopeSibling) {
  registered("alice", false);
  ledger_.fault();
  sent("delivered");
  EXPECT_EQ(ledger_.lies().size(), 2u);
  ledger_.gap(alice_, "the link was down");
  EXPECT_THAT(ledger_.lies(), IsEmpty());
}

TEST_F(LedgerTest, LetsASiblingThatCameLaterExcuseNothing) {
  ledger_.leaving(alice_);
  std::this_thread::sleep_for(1ms);
  registered("alice", false);
  ledger_.fault();
  sent("delivered");
  ledger_.gap(registered("alice", true), "the link was down");
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("plain client of alice on one misses")));
}

TEST_F(LedgerTest, ExcusesWhoLeavesBetweenAFaultAndItsEnd) {
  ledger_.fault();
  sent("delivered");
  arrives(sent("delivered"));
  ledger_.leaving(alice_);
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told"))) << "nobody said that the fault was mended";
  ledger_.mended();
  EXPECT_THAT(ledger_.lies(), IsEmpty());
}

TEST_F(LedgerTest, ExcusesNobodyWhoLeavesAfterTheEndOfAFault) {
  ledger_.fault();
  sent("delivered");
  ledger_.mended();
  arrives(sent("delivered"));
  ledger_.leaving(alice_);
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told")));
}

TEST_F(LedgerTest, OwesALeaverWhatMustHaveComeBeforeWhatItGot) {
  sent("delivered");
  arrives(sent("delivered"));
  ledger_.leaving(alice_);
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told")));
}

TEST_F(LedgerTest, OwesALeaverNothingThatItMayNotHaveReadYet) {
  arrives(sent("delivered"));
  const Ledger::Id overlapping = ledger_.begin("another api", "alice");
  arrives(sent("delivered"));
  ledger_.end(overlapping, "delivered");
  sent("delivered");
  std::this_thread::sleep_for(scaled(Ledger::kInFlight) + 50ms);
  ledger_.leaving(alice_);
  EXPECT_THAT(ledger_.lies(), IsEmpty());
}

TEST_F(LedgerTest, OwesALeaverWhoGotNothingWhatCameInGoodTime) {
  sent("delivered");
  std::this_thread::sleep_for(scaled(Ledger::kUnread) + 50ms);
  ledger_.leaving(alice_);
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("misses, with no gap told")));
}

TEST_F(LedgerTest, TakesWhoIsLeavingForSomebodyWhoMayStillBeThere) {
  ledger_.leaving(alice_);
  sent("delivered");
  sent("nobody");
  EXPECT_THAT(ledger_.lies(), IsEmpty());
}

TEST_F(LedgerTest, ChecksHalfAMillionMessagesWithinAWait) {
  const std::size_t users = 50;
  std::vector<Ledger::Id> clients;
  for (std::size_t i = 0; i < users; ++i) clients.push_back(registered("user" + std::to_string(i), true));
  for (std::size_t i = 0; i < 500'000; ++i) {
    const Ledger::Id message = sent("delivered", "user" + std::to_string(i % users));
    if (i != users - 1) ledger_.received(clients[i % users], Ledger::payload(message));
    // Each user but the last comes and goes, as in a soak.
    if (i % 1000 == 999) {
      const std::size_t user = i / 1000 % (users - 1);
      ledger_.left(clients[user]);
      clients[user] = registered("user" + std::to_string(user), true);
    }
  }
  const auto begin = Ledger::Clock::now();
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("user49 on one misses, with no gap told")));
  EXPECT_LT(Ledger::Clock::now() - begin, scaled(kPatience));
}

TEST_F(LedgerTest, OwesNothingBeforeRegistrationAndAfterLeaving) {
  const Ledger::Id bob = ledger_.client("one", "bob", true);
  sent("delivered", "bob");
  ledger_.registered(bob);
  ledger_.left(bob);
  sent("delivered", "bob");
  EXPECT_THAT(ledger_.lies(), IsEmpty());
}

TEST_F(LedgerTest, CallsOutDeliveryToNobody) {
  sent("delivered", "stranger");
  ledger_.asked("stranger", Ledger::Clock::now(), "yes");
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("said to be delivered"), HasSubstr("exists said yes")));
}

TEST_F(LedgerTest, CallsOutADenialOfAClientWhoIsThere) {
  sent("nobody");
  ledger_.asked("alice", Ledger::Clock::now(), "no");
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("was there"), HasSubstr("exists said no")));
}

TEST_F(LedgerTest, CallsOutWhatArrivesTwiceLateOrAfterARefusal) {
  const Ledger::Id first = sent("delivered");
  const Ledger::Id second = sent("unknown_outcome");
  const Ledger::Id refused = sent("unavailable");
  arrives(second);
  arrives(first);
  arrives(second);
  arrives(refused);
  ledger_.received(alice_, "of somebody else");
  EXPECT_THAT(ledger_.lies(), ElementsAre(HasSubstr("got what nobody sent"), HasSubstr("got late"), HasSubstr("got twice"),
                                          HasSubstr("answered unavailable")));
}

TEST_F(LedgerTest, CountsOutcomesSinceTheLastFault) {
  arrives(sent("delivered"));
  ledger_.fault();
  sent("unavailable");
  sent("unavailable");
  EXPECT_EQ(ledger_.answered("unavailable"), 2u);
  EXPECT_EQ(ledger_.answered("delivered"), 0u);
  EXPECT_EQ(ledger_.sent(), 3u);
}

}  // namespace
}  // namespace signalbox::test
