#include "brokers/redis/subscriber_protocol.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/brokers/redis/subscriber_protocol_fixture.hpp"

namespace signalbox::redis {
namespace {

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

/// Messages are not decoded where they can be taken as they stand, and that depends on the cuts.
TEST_F(SubscriberProtocolTest, UnderstandsTheSameHoweverTheStreamIsCut) {
  establish();
  subscribed("a");
  const std::string large(3 * Protocol::kRestBytes, 'x');
  const std::string stream = message("a", "1") + message("a", "\r\n$3\r\n") + acknowledged("subscribe", "b") +
                             message("b", "") + message(kProbe, "") + message("a", large) + message("b", "2");
  const Log expected{"a=1", "a=\r\n$3\r\n", "b=", "a=" + large, "b=2"};
  for (std::size_t cut = 0; cut <= stream.size(); cut += cut < 200 || cut + 200 > stream.size() ? 1U : 61U) {
    subscribe("b");
    ASSERT_EQ(talk.turn(), command({"SUBSCRIBE", "b"}));
    talk.hear(stream.substr(0, cut));
    talk.hear(stream.substr(cut));
    ASSERT_FALSE(talk.fault) << "cut at " << cut;
    std::erase(log, "end of batch");
    EXPECT_EQ(std::erase(log, "+b ok"), 1U);  // at once, where messages wait for the end of the read
    EXPECT_EQ(log, expected) << "cut at " << cut;
    unsubscribe("b");
    talk.turn();
    talk.hear(acknowledged("unsubscribe", "b"));
    log.clear();
  }
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

TEST_F(SubscriberProtocolTest, TellsWhichChannelsMayHaveMissedSomethingWhenTheyAreConfirmedAgain) {
  establish();
  subscribed("confirmed");
  subscribed("given up");
  subscribe("never confirmed");
  talk.turn();
  EXPECT_TRUE(missed.empty());
  talk.lose();
  unsubscribe("given up");
  talk.establish();
  talk.lose();  // a link on which nothing was confirmed changes nothing
  talk.establish();
  subscribe("given up");
  EXPECT_TRUE(missed.empty());
  log.clear();
  answer_all();
  EXPECT_EQ(missed, (Log{"confirmed"}));
  talk.hear(message("confirmed", "x"));
  EXPECT_EQ(missed, (Log{"confirmed"})) << "once";
}

TEST_F(SubscriberProtocolTest, NamesTheRightsThatTheProbeNeeds) {
  talk.establish();
  talk.turn();
  talk.hear("-NOPERM no access\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::config);
  EXPECT_NE(talk.fault->text.find("PREFIX*"), std::string::npos);
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

}  // namespace
}  // namespace signalbox::redis
