// Links that are lost or silent under a SubscriberProtocol: what is kept, probed and given up.
#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "brokers/common/turn.hpp"
#include "tests/unit/brokers/redis/subscriber_protocol_fixture.hpp"

namespace signalbox::redis {
namespace {

TEST_F(SubscriberProtocolTest, KeepsWhatIsWantedThroughAnOutage) {
  establish();
  subscribed("a");
  subscribed("b");
  unsubscribe("b");
  talk.turn();
  talk.lose();
  talk.turn();
  EXPECT_EQ(log, (Log{"-b ok"}));  // with the link, it is done
  subscribe("c");
  unsubscribe("a");
  EXPECT_EQ(log.back(), "-a ok");
  subscribe("a");
  EXPECT_FALSE(protocol.settled());
  EXPECT_EQ(protocol.recovering(), 2U);

  establish();
  EXPECT_FALSE(protocol.settled());
  const std::string written = talk.turn_after(Duration(10));
  const bool c_first = written == command({"SUBSCRIBE", "c", "a"});
  ASSERT_TRUE(c_first || written == command({"SUBSCRIBE", "a", "c"})) << written;
  confirm(c_first ? "c" : "a");
  EXPECT_FALSE(protocol.settled());
  confirm(c_first ? "a" : "c");
  EXPECT_TRUE(protocol.settled());
}

TEST_F(SubscriberProtocolTest, SettlesASubscribeAndItsUnsubscribeWhenTheLinkIsLostUnderBoth) {
  establish();
  subscribe("a");
  talk.turn();
  unsubscribe("a");
  talk.lose();
  talk.turn();
  EXPECT_EQ(log, (Log{"+a superseded", "-a ok"}));
  talk.turn_after(Duration(5000));  // no deadline of either is left
  EXPECT_EQ(log.size(), 2U);
  EXPECT_EQ(protocol.recovering(), 0U);
}

TEST_F(SubscriberProtocolTest, EndsAnUnsubscribeAtOnceWhenTheLinkIsLostAlsoIfItIsOvertaken) {
  establish();
  subscribed("a");
  unsubscribe("a");
  talk.turn();
  subscribe("a");
  talk.lose();
  talk.turn();
  EXPECT_EQ(log, (Log{"-a ok"}));
  unsubscribe("a");
  EXPECT_EQ(log, (Log{"-a ok", "+a superseded", "-a ok"}));
  establish();
  EXPECT_EQ(talk.turn_after(Duration(10)), "");
}

TEST_F(SubscriberProtocolTest, ConfirmsBeforeItIsSettledWhatIsWantedBeforeTheProbeHasAnswered) {
  talk.establish();
  talk.turn();
  talk.hear(acknowledged("subscribe", kProbe));
  subscribe("a");
  talk.turn();
  protocol.probe_sent();
  protocol.probe_counted();
  talk.hear(message(kProbe, ""));
  EXPECT_FALSE(protocol.settled());
  confirm("a");
  EXPECT_TRUE(protocol.settled());
}

TEST_F(SubscriberProtocolTest, TellsUnavailableAtTheDeadlineAndIsNotSettledUntilConfirmed) {
  subscribe("a");  // without a link
  talk.turn_after(Duration(1950));
  EXPECT_EQ(log, (Log{"+a unavailable"}));
  establish();
  EXPECT_FALSE(protocol.settled());
  EXPECT_EQ(talk.turn_after(Duration(10)), command({"SUBSCRIBE", "a"}));
  confirm("a");
  EXPECT_TRUE(protocol.settled());
}

TEST_F(SubscriberProtocolTest, StaysSettledWhileANewSubscribeIsUnderWay) {
  establish();
  subscribe("a");
  talk.turn();
  EXPECT_TRUE(protocol.settled());
}

TEST_F(SubscriberProtocolTest, MeasuresTheTimeOfACallFromWhenItWasMade) {
  establish();
  protocol.subscribe("a", told("+a"), talk.now + Duration(500));  // it has waited for 1.5 s
  talk.turn_after(Duration(499));
  EXPECT_EQ(log, Log{});
  talk.turn_after(Duration(1));
  EXPECT_EQ(log, (Log{"+a unavailable"}));
}

TEST_F(SubscriberProtocolTest, CompletesALongQueueOfLateCallsInSlices) {
  std::size_t late = 0;
  const std::size_t calls = 2 * brokers::kCompletionsPerTurn;
  for (std::size_t i = 0; i < calls; ++i) protocol.subscribe(std::to_string(i), [&](Status) { ++late; }, talk.deadline());
  talk.turn_after(Duration(1950));
  EXPECT_EQ(late, brokers::kCompletionsPerTurn);
  EXPECT_TRUE(protocol.unfinished());
  talk.turn();
  EXPECT_EQ(late, calls);
  EXPECT_FALSE(protocol.unfinished());
}

TEST_F(SubscriberProtocolTest, SettlesInSlicesWhatALinkLeavesWhateverIsCalledMeanwhile) {
  establish();
  std::size_t unsubscribed = 0;
  const std::size_t calls = 3 * brokers::kCompletionsPerTurn;
  const auto name = [](std::size_t i) { return std::to_string(i); };
  for (std::size_t i = 0; i < calls; ++i) protocol.subscribe(name(i), [](Status) {}, talk.deadline());
  answer_all();
  for (std::size_t i = 0; i < calls; ++i) protocol.unsubscribe(name(i), [&](Status) { ++unsubscribed; }, talk.deadline());
  talk.turn();  // some of them are under way
  talk.lose();
  talk.turn();
  EXPECT_EQ(unsubscribed, brokers::kCompletionsPerTurn);
  EXPECT_TRUE(protocol.unfinished());
  // Each of the three kinds: settled, waiting to be settled; and wanted again, left alone, wanted and left again.
  for (std::size_t i = 0; i < calls; i += 2) protocol.subscribe(name(i), [](Status) {}, talk.deadline());
  for (std::size_t i = 0; i < calls; i += 4) protocol.unsubscribe(name(i), [](Status) {}, talk.deadline());
  talk.establish();
  talk.lose();  // and a second time, with the rest of the first still open
  talk.establish();
  EXPECT_EQ(answer_all(), calls / 4 + 1);  // and the probe
  EXPECT_EQ(unsubscribed, calls);
  EXPECT_EQ(protocol.recovering(), 0U);
  EXPECT_FALSE(protocol.unfinished());
}

TEST_F(SubscriberProtocolTest, KeepsALinkOnWhichOnlyThePingIsRefusedForTheDisk) {
  establish();
  ASSERT_EQ(talk.turn_after(Duration(3000)), command({"PING"}));
  subscribe("a");
  talk.turn();
  talk.hear("-MISCONF Redis is configured to save RDB snapshots\r\n");
  EXPECT_FALSE(talk.fault);
  confirm("a");
  EXPECT_EQ(log, (Log{"+a ok"}));
}

TEST_F(SubscriberProtocolTest, GivesTheConnectionUpWhenItLosesARightAndRefusesNoChannelForIt) {
  for (const std::string right : {"subscribe", "ping"}) {
    establish();
    subscribe("a");
    subscribe("b");
    talk.turn();
    talk.hear("-NOPERM this user has no permissions to run the '" + right + "' command\r\n");
    ASSERT_TRUE(talk.fault);
    EXPECT_EQ(talk.fault->kind, FaultKind::config);
    EXPECT_NE(talk.fault->text.find("'" + right + "'"), std::string::npos);
    EXPECT_EQ(log, Log{});  // still wanted, still within their time
    talk.lose();
    talk.turn();
  }
}

TEST_F(SubscriberProtocolTest, HintsAtTheOutputBufferWhenALinkIsLostInTheMidstOfMessages) {
  establish();
  subscribed("a");
  talk.hear(message("a", "x"));
  EXPECT_EQ(protocol.hint(talk.now), "");
  for (int i = 0; i < 20; ++i) talk.hear(message("a", std::string(1000, 'x')));
  EXPECT_EQ(protocol.hint(talk.now), "");  // a read each: we keep up
  std::string read;
  for (int i = 0; i < 20; ++i) read += message("a", std::string(1000, 'x'));
  talk.hear(read);
  EXPECT_NE(protocol.hint(talk.now).find("client-output-buffer-limit"), std::string::npos);
  EXPECT_EQ(protocol.hint(talk.now + Duration(2000)), "");
}

TEST_F(SubscriberProtocolTest, ResubscribesAtABoundedRate) {
  for (int i = 0; i < 30'000; ++i) protocol.subscribe(std::to_string(i), [](Status) {}, talk.deadline());
  establish();
  std::size_t resubscribed = 0;
  for (int tick = 0; tick < 4; ++tick) {
    std::string written = talk.turn_after(Duration(50));
    // Answers all, so that only the rate holds it back.
    for (std::string answer; !written.empty(); written = talk.turn()) {
      answer.clear();
      for_each_command(written, [&](const redisReply& asked) {
        for (std::size_t i = 1; i < asked.elements; ++i, ++resubscribed) {
          answer += acknowledged("subscribe", text(*asked.element[i]));
        }
      });
      talk.hear(answer);
      ASSERT_FALSE(talk.fault);
    }
  }
  EXPECT_NEAR(static_cast<double>(resubscribed), 20'000, 2'000);  // 100,000 a second for 200 ms
}

TEST_F(SubscriberProtocolTest, TellsTheHostOfAChannelThatIsRefusedAfterAReconnect) {
  establish();
  subscribed("a");
  talk.lose();
  establish();
  talk.turn_after(Duration(10));
  talk.hear("-NOPERM no access\r\n");
  EXPECT_EQ(log, (Log{"refused a: NOPERM no access"}));
  EXPECT_TRUE(protocol.settled());
}

TEST_F(SubscriberProtocolTest, ProbesAgainAfterFiveSecondsWithoutAMessage) {
  establish();
  EXPECT_FALSE(protocol.probe_due(talk.now + Duration(4999)));
  talk.now += Duration(4000);
  talk.hear(message("a", "x"));
  EXPECT_FALSE(protocol.probe_due(talk.now + Duration(4999)));
  EXPECT_TRUE(protocol.probe_due(talk.now + Duration(5000)));
  talk.now += Duration(5000);
  protocol.probe_sent();
  protocol.probe_answered(talk.now);
  EXPECT_FALSE(protocol.probe_due(talk.now + Duration(9000)));
  EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(2999)));
  EXPECT_TRUE(protocol.probe_missed(talk.now + Duration(3000)));
  talk.hear(message(kProbe, ""));
  EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(3000)));
  protocol.restart_probe();
  EXPECT_FALSE(protocol.settled());
  EXPECT_TRUE(protocol.probe_due(talk.now));
}

TEST_F(SubscriberProtocolTest, SendsNoSecondProbeWhileTheCountOfTheFirstIsAwaited) {
  talk.establish();
  talk.turn();
  talk.hear(acknowledged("subscribe", kProbe));
  protocol.probe_sent();
  talk.hear(message(kProbe, ""));  // the command connection's replies stall
  EXPECT_FALSE(protocol.probed());
  EXPECT_FALSE(protocol.probe_due(talk.now));
  EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(3000)));
  protocol.restart_probe();  // it was lost
  EXPECT_TRUE(protocol.probe_due(talk.now));
}

TEST_F(SubscriberProtocolTest, KnowsThatALinkWasLostOnWhichAChannelHadBeenConfirmed) {
  establish();
  subscribe("a");
  talk.turn();
  talk.lose();
  EXPECT_FALSE(protocol.lost_channels());
  talk.establish();  // and not proven
  talk.turn_after(Duration(10));
  talk.hear(acknowledged("subscribe", kProbe));
  confirm("a");
  EXPECT_EQ(log, (Log{"+a ok"}));
  talk.lose();
  EXPECT_TRUE(protocol.lost_channels());
}

TEST_F(SubscriberProtocolTest, SubscribesToWhatWasWantedAfterALinkThatHadNothingToDoAndWasRefusedItsProbe) {
  talk.establish();
  talk.turn_after(Duration(10));  // sees that there is nothing
  talk.hear("-NOPERM no access\r\n");
  ASSERT_TRUE(talk.fault);
  talk.lose();
  subscribe("a");
  establish();
  EXPECT_EQ(talk.turn_after(Duration(10)), command({"SUBSCRIBE", "a"}));
}

TEST_F(SubscriberProtocolTest, PingsInSilence) {
  establish();
  EXPECT_EQ(talk.turn_after(Duration(3000)), command({"PING"}));
  talk.hear("*2\r\n" + bulk("pong") + bulk(""));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(talk.turn_after(Duration(3000)), command({"PING"}));
  talk.turn_after(Duration(3000));
  EXPECT_TRUE(talk.fault);
}

TEST_F(SubscriberProtocolTest, UnsubscribesFromEverythingWhenDrained) {
  establish();
  subscribed("a");
  subscribe("b");
  talk.turn();
  subscribe("c");  // not sent yet
  protocol.drain();
  EXPECT_EQ(log, (Log{"+b closed", "+c closed"}));
  EXPECT_EQ(talk.turn(), command({"UNSUBSCRIBE", "a"}));
  EXPECT_FALSE(protocol.drained());
  talk.hear(acknowledged("subscribe", "b") + acknowledged("unsubscribe", "a"));
  EXPECT_FALSE(protocol.drained());
  EXPECT_EQ(talk.turn(), command({"UNSUBSCRIBE", "b"}));
  talk.hear(acknowledged("unsubscribe", "b"));
  EXPECT_TRUE(protocol.drained());
}

TEST_F(SubscriberProtocolTest, IsDrainedWithoutALink) {
  subscribe("a");
  protocol.drain();
  EXPECT_EQ(log, (Log{"+a closed"}));
  EXPECT_TRUE(protocol.drained());
}

}  // namespace
}  // namespace signalbox::redis
