#include "brokers/redis/subscriber_protocol.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::redis {
namespace {

const std::string kProbe = "\x02i:1:0";

class SubscriberProtocolTest : public ::testing::Test, public SubscriberEvents {
 protected:
  void on_messages(std::span<const Message> messages) override {
    for (const Message& one : messages) log.push_back(std::string(one.channel) + "=" + std::string(one.payload));
    log.push_back("end of batch");
  }
  void on_refused(std::string_view channel, std::string_view detail) override {
    log.push_back("refused " + std::string(channel) + ": " + std::string(detail));
  }

  Done told(const std::string& what) {
    return [this, what](Status status) { log.push_back(what + " " + (status.ok() ? "ok" : status.code.message())); };
  }
  void subscribe(const std::string& channel) { protocol.subscribe(channel, told("+" + channel), talk.now); }
  void unsubscribe(const std::string& channel) { protocol.unsubscribe(channel, told("-" + channel), talk.now); }

  /// Up to a probe that has answered.
  void establish() {
    talk.establish();
    ASSERT_EQ(talk.turn(), command({"SUBSCRIBE", kProbe}));
    talk.hear(acknowledged("subscribe", kProbe));
    ASSERT_TRUE(protocol.probe_due(talk.now));
    protocol.probe_sent(talk.now);
    talk.hear(message(kProbe, ""));
    ASSERT_TRUE(protocol.probed());
  }
  void confirm(const std::string& channel) { talk.hear(acknowledged("subscribe", channel)); }
  void subscribed(const std::string& channel) {
    subscribe(channel);
    talk.turn();
    confirm(channel);
    log.clear();
  }

  using Log = std::vector<std::string>;
  Log log;
  SubscriberProtocol protocol{Handshake({}, "n"), Duration(2000), kProbe, 100'000, *this};
  Conversation talk{protocol};
};

TEST_F(SubscriberProtocolTest, IsSettledOnceTheProbeHasAnswered) {
  EXPECT_FALSE(protocol.settled());
  establish();
  EXPECT_TRUE(protocol.settled());
  EXPECT_TRUE(log.empty());  // the probe is no message
}

TEST_F(SubscriberProtocolTest, SubscribesTheChannelsOfATurnWithOneCommand) {
  establish();
  subscribe("a");
  subscribe("b");
  subscribe("a");
  EXPECT_EQ(talk.turn(), command({"SUBSCRIBE", "a", "b"}));
  EXPECT_EQ(talk.turn(), "");
  confirm("a");
  EXPECT_EQ(log, (Log{"+a ok", "+a ok"}));
  confirm("b");
  subscribe("a");
  EXPECT_EQ(log.back(), "+a ok");  // known already
  EXPECT_EQ(talk.turn(), "");
}

TEST_F(SubscriberProtocolTest, UnderstandsWhatComesByteByByte) {
  establish();
  subscribe("a");
  talk.turn();
  for (const char byte : acknowledged("subscribe", "a") + message("a", "hi")) talk.hear(std::string(1, byte));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(log, (Log{"+a ok", "a=hi", "end of batch"}));
}

TEST_F(SubscriberProtocolTest, HandsOverTheMessagesOfOneReadTogether) {
  establish();
  subscribed("a");
  talk.hear(message("a", "1") + message("a", "") + message("b", std::string("\0", 1)));
  EXPECT_EQ(log, (Log{"a=1", "a=", std::string("b=\0", 3), "end of batch"}));
}

TEST_F(SubscriberProtocolTest, DeliversWhatPrecedesAnUnsubscribeBeforeItIsDone) {
  establish();
  subscribed("a");
  unsubscribe("a");
  EXPECT_EQ(talk.turn(), command({"UNSUBSCRIBE", "a"}));
  talk.hear(message("a", "last") + acknowledged("unsubscribe", "a"));
  EXPECT_EQ(log, (Log{"a=last", "end of batch", "-a ok"}));
}

TEST_F(SubscriberProtocolTest, LetsAnUnsubscribeOvertakeASubscribeThatIsNotSent) {
  establish();
  subscribe("a");
  unsubscribe("a");
  EXPECT_EQ(log, (Log{"+a superseded", "-a ok"}));
  EXPECT_EQ(talk.turn(), "");
  unsubscribe("never wanted");
  EXPECT_EQ(log.back(), "-never wanted ok");
}

TEST_F(SubscriberProtocolTest, LetsASubscribeOvertakeAnUnsubscribeThatIsNotSent) {
  establish();
  subscribed("a");
  unsubscribe("a");
  subscribe("a");
  EXPECT_EQ(log, (Log{"-a superseded", "+a ok"}));
  EXPECT_EQ(talk.turn(), "");
}

TEST_F(SubscriberProtocolTest, SendsTheOppositeOnlyAfterTheAnswerToWhatIsUnderWay) {
  establish();
  subscribe("a");
  talk.turn();
  unsubscribe("a");
  EXPECT_EQ(talk.turn(), "");
  confirm("a");
  EXPECT_EQ(log, (Log{"+a ok"}));
  EXPECT_EQ(talk.turn(), command({"UNSUBSCRIBE", "a"}));
  subscribe("a");
  EXPECT_EQ(talk.turn(), "");
  talk.hear(acknowledged("unsubscribe", "a"));
  EXPECT_EQ(log, (Log{"+a ok", "-a ok"}));
  EXPECT_EQ(talk.turn(), command({"SUBSCRIBE", "a"}));
  confirm("a");
  EXPECT_EQ(log.back(), "+a ok");
}

TEST_F(SubscriberProtocolTest, PutsAtMost512ChannelsIntoACommandAndBoundsWhatIsUnderWay) {
  establish();
  std::string acknowledgements;
  for (int i = 0; i < 10'000; ++i) {
    subscribe(std::to_string(i));
    if (i < 512) acknowledgements += acknowledged("subscribe", std::to_string(i));
  }
  const std::string written = talk.turn();
  std::size_t commands = 0;
  for (std::size_t at = 0; (at = written.find("*513\r\n", at)) != std::string::npos; ++at) ++commands;
  EXPECT_EQ(commands, SubscriberProtocol::kWindow / 512);
  EXPECT_EQ(talk.turn(), "");
  talk.hear(acknowledgements);
  EXPECT_EQ(talk.turn().substr(0, 6), "*513\r\n");  // room for one more
}

TEST_F(SubscriberProtocolTest, FindsTheForbiddenChannelsOfABatch) {
  establish();
  for (const char* name : {"a", "b", "secret", "d", "e", "hidden", "g"}) subscribe(name);
  std::string written = talk.turn();
  // Plays a server that refuses two names, until nothing is left to do.
  int commands = 0;
  while (!written.empty()) {
    ReplyReader reader;
    ASSERT_TRUE(reader.feed(written));
    std::string answer;
    Reply reply;
    while (reader.next(reply) == ReplyReader::Next::reply) {
      ++commands;
      std::string acknowledgements;
      bool forbidden = false;
      for (std::size_t i = 1; i < reply->elements; ++i) {
        const std::string_view name = text(*reply->element[i]);
        forbidden = forbidden || name == "secret" || name == "hidden";
        acknowledgements += acknowledged("subscribe", name);
      }
      answer += forbidden ? "-NOPERM no access\r\n" : acknowledgements;
    }
    talk.hear(answer);
    ASSERT_FALSE(talk.fault);
    written = talk.turn();
  }
  std::sort(log.begin(), log.end());
  EXPECT_EQ(log, (Log{"+a ok", "+b ok", "+d ok", "+e ok", "+g ok", "+hidden rejected", "+secret rejected"}));
  EXPECT_LE(commands, 11);
  unsubscribe("secret");  // not wanted any more
  EXPECT_EQ(log.back(), "-secret ok");
  EXPECT_EQ(talk.turn(), "");
}

TEST_F(SubscriberProtocolTest, NamesTheRightsThatTheProbeNeeds) {
  talk.establish();
  talk.turn();
  talk.hear("-NOPERM no access\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::config);
  EXPECT_NE(talk.fault->text.find("+subscribe"), std::string::npos);
}

TEST_F(SubscriberProtocolTest, GivesTheConnectionUpForOtherErrors) {
  establish();
  subscribe("a");
  talk.turn();
  talk.hear("-NOAUTH Authentication required.\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::auth);
  talk.lose();
  EXPECT_TRUE(log.empty());  // still wanted, still within its time
}

TEST_F(SubscriberProtocolTest, TellsAProtocolErrorForWhatNothingAskedFor) {
  const auto fault_after = [&](const std::string& bytes) {
    establish();
    subscribe("a");
    subscribe("b");
    talk.turn();
    talk.hear(bytes);
    const std::string text = talk.fault ? talk.fault->text.substr(0, 14) : "";
    talk.lose();
    unsubscribe("a");
    unsubscribe("b");
    return text;
  };
  EXPECT_EQ(fault_after(acknowledged("subscribe", "b")), "protocol error");  // out of order
  EXPECT_EQ(fault_after(acknowledged("unsubscribe", "a")), "protocol error");
  EXPECT_EQ(fault_after(acknowledged("psubscribe", "a")), "protocol error");
  EXPECT_EQ(fault_after(":1\r\n"), "protocol error");
  EXPECT_EQ(fault_after("*0\r\n"), "protocol error");
  EXPECT_EQ(fault_after("@3\r\n"), "protocol error");
  EXPECT_EQ(fault_after(acknowledged("subscribe", "a") + acknowledged("subscribe", "b") + acknowledged("subscribe", "c")),
            "protocol error");
}

TEST_F(SubscriberProtocolTest, KeepsWhatIsWantedThroughAnOutage) {
  establish();
  subscribed("a");
  subscribed("b");
  unsubscribe("b");
  talk.turn();
  talk.lose();
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
  protocol.probe_sent(talk.now);
  talk.hear(message(kProbe, ""));
  EXPECT_FALSE(protocol.settled());
  confirm("a");
  EXPECT_TRUE(protocol.settled());
}

TEST_F(SubscriberProtocolTest, KeepsALinkOnWhichAcknowledgementsStillCome) {
  establish();
  subscribe("a");
  subscribe("b");
  talk.turn();
  talk.turn_after(Duration(1900));
  confirm("a");
  talk.turn_after(Duration(1900));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(100));
  EXPECT_TRUE(talk.fault);
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

TEST_F(SubscriberProtocolTest, GivesTheConnectionUpWhenAnAcknowledgementIsLate) {
  establish();
  subscribe("a");
  talk.turn();
  talk.turn_after(Duration(1950));
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(log, (Log{"+a unavailable"}));
}

TEST_F(SubscriberProtocolTest, ResubscribesAtABoundedRate) {
  for (int i = 0; i < 30'000; ++i) protocol.subscribe(std::to_string(i), [](Status) {}, talk.now);
  establish();
  std::size_t resubscribed = 0;
  for (int tick = 0; tick < 4; ++tick) {
    std::string written = talk.turn_after(Duration(50));
    // Answers all, so that only the rate holds it back.
    for (std::string answer; !written.empty(); written = talk.turn()) {
      ReplyReader reader;
      answer.clear();
      for (std::string_view rest = written; !rest.empty(); rest.remove_prefix(std::min(rest.size(), ReplyReader::kFeedBytes))) {
        ASSERT_TRUE(reader.feed(rest.substr(0, ReplyReader::kFeedBytes)));
      }
      Reply reply;
      while (reader.next(reply) == ReplyReader::Next::reply) {
        for (std::size_t i = 1; i < reply->elements; ++i, ++resubscribed) {
          answer += acknowledged("subscribe", text(*reply->element[i]));
        }
      }
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
  protocol.probe_sent(talk.now);
  EXPECT_FALSE(protocol.probe_due(talk.now + Duration(9000)));
  EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(2999)));
  EXPECT_TRUE(protocol.probe_missed(talk.now + Duration(3000)));
  talk.hear(message(kProbe, ""));
  EXPECT_FALSE(protocol.probe_missed(talk.now + Duration(3000)));
  protocol.restart_probe();
  EXPECT_FALSE(protocol.settled());
  EXPECT_TRUE(protocol.probe_due(talk.now));
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
