// A server that answers late: as long as anything comes, its link is kept.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/brokers/redis/subscriber_protocol_fixture.hpp"

namespace signalbox::redis {
namespace {

class LateSubscriberTest : public SubscriberProtocolTest {
 protected:
  /// A second passes, and then something comes. The state of the link.
  bool keeps_link_after_a_second_and(const std::string& bytes) {
    talk.turn_after(Duration(1000));
    if (talk.fault) return false;
    talk.hear(bytes);
    return !talk.fault;
  }
};

TEST_F(LateSubscriberTest, KeepsALinkThatBringsMessagesThoughAConfirmationIsLate) {
  establish();
  subscribed("a");
  subscribe("b");
  talk.turn();
  for (int second = 0; second < 20; ++second) {
    ASSERT_TRUE(keeps_link_after_a_second_and(message("a", "x"))) << second;
    EXPECT_EQ(protocol.settled(), second == 0) << "past its deadline it must be confirmed first";
  }
  EXPECT_EQ(std::count(log.begin(), log.end(), "+b unavailable"), 1) << "the call has its own time";
  confirm("b");
  EXPECT_TRUE(protocol.settled()) << "it was wanted all the time";
  EXPECT_EQ(talk.turn(), "") << "and is not asked for twice";
}

TEST_F(LateSubscriberTest, KeepsALinkOnWhichConfirmationsStillCome) {
  establish();
  for (int i = 0; i < 100; ++i) subscribe(std::to_string(i));
  talk.turn();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(keeps_link_after_a_second_and(acknowledged("subscribe", std::to_string(i)))) << i;
  }
  EXPECT_TRUE(protocol.settled());
}

TEST_F(LateSubscriberTest, GivesUpALinkThatIsSilentWhileAConfirmationIsAwaited) {
  establish();
  subscribed("b");
  subscribe("a");
  talk.turn();
  talk.turn_after(Duration(1950));
  EXPECT_EQ(log, (Log{"+a unavailable"}));
  talk.hear(message("b", "x"));
  talk.turn_after(Duration(2999));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->text, "a subscription was not answered in time");
  talk.lose();
  talk.turn();
  establish();
  talk.now += Duration(1);
  EXPECT_EQ(answer_all(), 2U) << "both are wanted as before";
}

TEST_F(LateSubscriberTest, CountsTheSilenceFromWhenSomethingWasAsked) {
  establish();
  talk.now += Duration(2900);  // nothing to say on either side
  subscribe("a");
  talk.turn();
  talk.turn_after(Duration(2999));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  EXPECT_TRUE(talk.fault);
}

/// Messages come on a link whose way to the server is dead.
TEST_F(LateSubscriberTest, GivesUpALinkThatBringsMessagesAndConfirmsNothingForThirtySeconds) {
  establish();
  subscribed("a");
  subscribe("b");
  talk.turn();
  for (int second = 1; second < 30; ++second) ASSERT_TRUE(keeps_link_after_a_second_and(message("a", "x"))) << second;
  EXPECT_FALSE(keeps_link_after_a_second_and(message("a", "x")));
}

TEST_F(LateSubscriberTest, WaitsForTheEchoOfAProbeBehindMessagesThatStillCome) {
  establish();
  subscribed("a");
  protocol.restart_probe();  // the command connection was lost
  protocol.probe_sent();
  protocol.probe_answered(talk.now);
  protocol.probe_counted();
  for (int second = 0; second < 10; ++second) {
    talk.now += Duration(1000);
    talk.hear(message("a", "backlog"));
    EXPECT_FALSE(protocol.probe_missed(talk.now));
  }
  EXPECT_TRUE(protocol.probe_missed(talk.now + Duration(3000)));
  talk.hear(message(kProbe, ""));
  EXPECT_TRUE(protocol.probed());
}

TEST_F(LateSubscriberTest, DoesNotMissAProbeThatTheServerHasNotTaken) {
  establish();
  talk.now += Duration(5000);
  ASSERT_TRUE(protocol.probe_due(talk.now));
  protocol.probe_sent();
  EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(60'000))) << "that is the command connection's to judge";
  talk.now += Duration(20'000);
  protocol.probe_answered(talk.now);
  EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(2999)));
  EXPECT_TRUE(protocol.probe_missed(talk.now + Duration(3000)));
}

TEST_F(LateSubscriberTest, WaitsForTheEchoOfAProbeBehindTheConfirmationsThatAreUnderWayAndNoOthers) {
  establish();
  for (const char* name : {"a", "b", "c"}) subscribe(name);
  talk.turn();
  protocol.restart_probe();
  protocol.probe_sent();
  protocol.probe_answered(talk.now);
  subscribe("d");  // the server answers to this behind the echo
  talk.turn();
  for (const char* name : {"a", "b", "c"}) {
    talk.now += Duration(2000);
    confirm(name);
    EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(2999))) << name;
  }
  talk.now += Duration(2000);
  confirm("d");
  EXPECT_FALSE(talk.fault);
  EXPECT_TRUE(protocol.probe_missed(talk.now + Duration(1000)));
}

TEST_F(LateSubscriberTest, ForgetsWithTheLinkWhatWasAheadOfAnEcho) {
  establish();
  subscribe("a");
  subscribe("b");
  talk.turn();
  protocol.restart_probe();
  protocol.probe_sent();
  protocol.probe_answered(talk.now);
  talk.lose();
  talk.turn();
  establish();
  protocol.restart_probe();
  protocol.probe_sent();
  protocol.probe_answered(talk.now);
  talk.turn_after(Duration(2000));
  talk.hear(acknowledged("subscribe", "a"));
  talk.hear(acknowledged("subscribe", "b"));
  EXPECT_TRUE(protocol.probe_missed(talk.now + Duration(1000)));
}

}  // namespace
}  // namespace signalbox::redis
