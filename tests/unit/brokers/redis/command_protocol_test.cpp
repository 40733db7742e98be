#include "brokers/redis/command_protocol.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::redis {
namespace {

class CommandProtocolTest : public ::testing::Test {
 protected:
  void publish(const std::string& channel, const std::string& payload) {
    ASSERT_TRUE(budget.take(10));
    protocol.publish(
        channel, payload, 10,
        [this](Status status, Receivers receivers) {
          results.push_back(status.ok() ? std::to_string(receivers.count)
                                        : status.code.message() + ": " + std::string(status.detail));
        },
        talk.now);
  }
  void exists(const std::string& channel) {
    ASSERT_TRUE(budget.take(1));
    protocol.exists(channel, 1, [this, channel](Status status, bool yes) {
      results.push_back(channel + (status.ok() ? (yes ? " yes" : " no") : " " + status.code.message()));
    });
  }

  using Results = std::vector<std::string>;
  Results results;
  Budget budget{1000};
  CommandProtocol protocol{Handshake({}, "n"), Duration(2000), budget};
  Conversation talk{protocol};
};

TEST_F(CommandProtocolTest, WritesAllPublishesOfATurnAtOnceAndAnswersInOrder) {
  talk.establish();
  publish("a", "1");
  publish("b", std::string("\0\r\n", 3));
  EXPECT_EQ(budget.used(), 20U);
  EXPECT_EQ(talk.turn(), command({"PUBLISH", "a", "1"}) + command({"PUBLISH", "b", std::string_view("\0\r\n", 3)}));
  EXPECT_EQ(talk.turn(), "");
  talk.hear(":2\r\n:0\r\n");
  EXPECT_EQ(results, (Results{"2", "0"}));
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(CommandProtocolTest, MergesTheQuestionsOfATurnUpToAHundredACommand) {
  talk.establish();
  std::string first = "*102\r\n" + bulk("PUBSUB") + bulk("NUMSUB");
  std::string answer = "*200\r\n";
  for (int i = 0; i < 100; ++i) {
    exists(std::to_string(i));
    first += bulk(std::to_string(i));
    answer += bulk(std::to_string(i)) + (i == 42 ? ":1\r\n" : ":0\r\n");
  }
  exists("a");
  exists("a");
  EXPECT_EQ(talk.turn(), first + command({"PUBSUB", "NUMSUB", "a", "a"}));
  talk.hear(answer + "*4\r\n" + bulk("a") + ":3\r\n" + bulk("a") + ":3\r\n");
  ASSERT_EQ(results.size(), 102U);
  EXPECT_EQ(budget.used(), 0U);
  EXPECT_EQ(results[41], "41 no");
  EXPECT_EQ(results[42], "42 yes");
  EXPECT_EQ(results[101], "a yes");
}

TEST_F(CommandProtocolTest, UnderstandsAnswersThatComeByteByByte) {
  talk.establish();
  publish("a", "1");
  exists("a");
  talk.turn();
  for (const char byte : ":7\r\n*2\r\n" + bulk("a") + ":1\r\n") {
    talk.hear(std::string(1, byte));
    ASSERT_FALSE(talk.fault);
  }
  EXPECT_EQ(results, (Results{"7", "a yes"}));
}

TEST_F(CommandProtocolTest, RejectsOnlyTheCallThatAccessControlRefuses) {
  talk.establish();
  publish("a", "1");
  publish("b", "2");
  talk.turn();
  talk.hear("-NOPERM no channel a\r\n:1\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results, (Results{"rejected: NOPERM no channel a", "1"}));
}

TEST_F(CommandProtocolTest, GivesTheConnectionUpWhenItsUserIsNoLongerKnown) {
  talk.establish();
  publish("a", "1");
  talk.turn();
  talk.hear("-NOAUTH Authentication required.\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::auth);
  EXPECT_EQ(results, (Results{"unavailable: NOAUTH Authentication required."}));
}

TEST_F(CommandProtocolTest, TellsWhichPublishesMayHaveLeftWhenTheLinkIsLost) {
  talk.establish();
  publish("a", "left");
  talk.turn();
  publish("a", "not written");
  exists("a");
  talk.lose();
  EXPECT_EQ(results, (Results{"unknown_outcome: the connection was lost before the answer",
                              "unavailable: the connection was lost", "a unavailable"}));
  EXPECT_EQ(budget.used(), 0U);
  talk.establish();
  EXPECT_EQ(talk.turn(), "");  // nothing of it comes later
}

TEST_F(CommandProtocolTest, GivesTheConnectionUpWhenAnAnswerIsLate) {
  talk.establish();
  publish("a", "1");
  talk.turn_after(Duration(0));
  talk.turn_after(Duration(1900));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(50));
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::lost);
}

TEST_F(CommandProtocolTest, AnswersInTimeBehindAPingThatIsNotAnswered) {
  talk.establish();
  ASSERT_EQ(talk.turn_after(Duration(3000)), command({"PING"}));
  publish("a", "1");
  talk.turn();
  talk.turn_after(Duration(1950));
  EXPECT_TRUE(talk.fault);
}

TEST_F(CommandProtocolTest, IsProvenByAProbeThatWasPublished) {
  talk.establish();
  EXPECT_FALSE(protocol.proven());
  protocol.probe("p", talk.now);
  talk.turn();
  talk.hear(":1\r\n");
  EXPECT_TRUE(protocol.proven());
  talk.lose();
  EXPECT_FALSE(protocol.proven());
}

TEST_F(CommandProtocolTest, GivesTheConnectionUpWhenTheHandshakeIsLate) {
  std::string out;
  protocol.connected(talk.now, out);
  talk.turn_after(Duration(1900));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(50));
  ASSERT_TRUE(talk.fault);
  EXPECT_NE(talk.fault->text.find("handshake"), std::string::npos);
}

TEST_F(CommandProtocolTest, PingsAfterThreeSecondsOfSilenceAndGivesUpAfterThreeMore) {
  talk.establish();
  EXPECT_EQ(talk.turn_after(Duration(2999)), "");
  EXPECT_EQ(talk.turn_after(Duration(1)), command({"PING"}));
  talk.hear("+PONG\r\n");
  EXPECT_EQ(talk.turn_after(Duration(2999)), "");
  EXPECT_EQ(talk.turn_after(Duration(1)), command({"PING"}));
  publish("a", "1");
  talk.turn();
  talk.hear("+PONG\r\n:1\r\n");  // the answers keep the order
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(3000));
  talk.turn_after(Duration(3000));
  EXPECT_TRUE(talk.fault);
}

TEST_F(CommandProtocolTest, TellsAProtocolErrorForAnswersThatDoNotFit) {
  const auto fault_after = [&](const std::string& answer) {
    results.clear();
    talk.establish();
    publish("a", "1");
    talk.turn();
    talk.hear(":1\r\n");
    exists("a");
    talk.turn();
    talk.hear(answer);
    const std::string text = talk.fault ? talk.fault->text : "";
    talk.lose();
    return text.substr(0, 14);
  };
  EXPECT_EQ(fault_after("*2\r\n" + bulk("b") + ":1\r\n"), "protocol error");
  EXPECT_EQ(fault_after("*1\r\n" + bulk("a")), "protocol error");
  EXPECT_EQ(fault_after(":1\r\n"), "protocol error");
  EXPECT_EQ(fault_after("\xff\xfe garbage\r\n"), "protocol error");
  EXPECT_EQ(results, (Results{"1", "a unavailable"}));
  EXPECT_EQ(fault_after("*2\r\n" + bulk("a") + ":1\r\n:1\r\n"), "protocol error");  // one that nothing asked for
}

TEST_F(CommandProtocolTest, LeavesAPublishUnknownWhoseAnswerMakesNoSense) {
  talk.establish();
  publish("a", "1");
  talk.turn();
  talk.hear("+OK\r\n");
  EXPECT_TRUE(talk.fault);
  EXPECT_EQ(results, (Results{"unknown_outcome: unexpected reply"}));
}

TEST_F(CommandProtocolTest, TellsWhenTheProbeIsRefused) {
  talk.establish();
  protocol.probe("i:1", talk.now);
  EXPECT_EQ(talk.turn(), command({"PUBLISH", "i:1", ""}));
  talk.hear(":1\r\n");
  EXPECT_FALSE(talk.fault);
  protocol.probe("i:1", talk.now);
  talk.turn();
  talk.hear("-NOPERM no channel\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::config);
}

TEST_F(CommandProtocolTest, ClosesEveryOpenCall) {
  talk.establish();
  publish("a", "1");
  exists("b");
  talk.turn();
  exists("c");
  protocol.close_calls();
  EXPECT_EQ(results, (Results{"closed: the broker is stopped", "b closed", "c closed"}));
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace signalbox::redis
