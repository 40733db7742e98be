#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/common/turn.hpp"
#include "tests/unit/brokers/redis/command_protocol_fixture.hpp"

namespace signalbox::redis {
namespace {

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

/// Counts are not decoded where they can be taken as they stand, and that depends on the cuts.
TEST_F(CommandProtocolTest, UnderstandsTheSameHoweverTheAnswersAreCut) {
  talk.establish();
  const std::string answers = ":1\r\n:20\r\n-NOPERM no\r\n:0\r\n*2\r\n" + bulk("a") + ":1\r\n:300\r\n:4\r\n";
  for (std::size_t cut = 0; cut <= answers.size(); ++cut) {
    for (int i = 0; i < 4; ++i) publish("a", "");
    exists("a");
    talk.turn();
    for (int i = 0; i < 2; ++i) publish("a", "");
    talk.turn();
    talk.hear(answers.substr(0, cut));
    talk.hear(answers.substr(cut));
    ASSERT_FALSE(talk.fault) << "cut at " << cut;
    ASSERT_EQ(std::exchange(results, {}), (Results{"1", "20", "rejected: NOPERM no", "0", "a yes", "300", "4"}))
        << "cut at " << cut;
  }
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(CommandProtocolTest, TakesNoCountThatNothingHasAskedFor) {
  talk.establish();
  publish("a", "1");
  talk.turn();
  talk.hear(":1\r\n:1\r\n");
  EXPECT_EQ(results, (Results{"1"}));
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->text, "protocol error: a reply that nothing asked for");
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
  talk.turn();
  EXPECT_EQ(results, (Results{"unknown_outcome: the connection was lost before the answer",
                              "unavailable: the connection was lost", "a unavailable"}));
  EXPECT_EQ(budget.used(), 0U);
  talk.establish();
  EXPECT_EQ(talk.turn(), "");  // nothing of it comes later
}

TEST_F(CommandProtocolTest, IsProvenByAProbeThatWasPublished) {
  talk.establish();
  EXPECT_FALSE(protocol.proven());
  protocol.probe("p", [](std::optional<bool>) {}, talk.now);
  talk.turn();
  talk.hear(":1\r\n");
  EXPECT_TRUE(protocol.proven());
  talk.lose();
  EXPECT_FALSE(protocol.proven());
}

TEST_F(CommandProtocolTest, TellsWhetherAProbeWasCounted) {
  talk.establish();
  std::vector<bool> counted;
  for (const char* answer : {":1\r\n", ":0\r\n"}) {
    protocol.probe("p", [&](std::optional<bool> any) { counted.push_back(any.value()); }, talk.now);
    talk.turn();
    talk.hear(answer);
  }
  EXPECT_EQ(counted, (std::vector<bool>{true, false}));
}

TEST_F(CommandProtocolTest, CompletesALongQueueOfLostCallsInSlices) {
  brokers::Budget large(std::size_t{1} << 30);
  CommandProtocol other(Handshake({}, "n"), Duration(2000), large);
  Conversation conversation(other);
  conversation.establish();
  std::size_t completed = 0;
  const std::size_t calls = 3 * brokers::kCompletionsPerTurn;
  for (std::size_t i = 0; i < calls; ++i) {
    ASSERT_TRUE(large.take(1));
    other.publish(
        "a", "", 1, [&](Status status, Receivers) { completed += status.code == errc::unknown_outcome; },
        conversation.deadline());
  }
  conversation.turn();
  conversation.lose();
  EXPECT_EQ(completed, 0U);
  for (std::size_t turn = 1; turn <= 3; ++turn) {
    EXPECT_TRUE(other.unfinished());
    conversation.turn();
    EXPECT_EQ(completed, turn * brokers::kCompletionsPerTurn);
  }
  EXPECT_FALSE(other.unfinished());
  EXPECT_EQ(large.used(), 0U);
}

TEST_F(CommandProtocolTest, GivesTheConnectionUpWhenTheHandshakeIsLate) {
  std::string out;
  protocol.connected(talk.now, out);
  talk.turn_after(Duration(2999));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  ASSERT_TRUE(talk.fault);
  EXPECT_NE(talk.fault->text.find("handshake"), std::string::npos);
}

TEST_F(CommandProtocolTest, AsksAServerAgainThatIsLoadingItsData) {
  std::string handshake;
  protocol.connected(talk.now, handshake);
  talk.hear("-LOADING Redis is loading the dataset in memory\r\n" + kWelcome.substr(5));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(protocol.obstacle(), "LOADING Redis is loading the dataset in memory");
  for (int second = 0; second < 60; ++second) {  // for as long as it takes
    EXPECT_EQ(talk.turn_after(Duration(249)), "");
    EXPECT_EQ(talk.turn_after(Duration(1)), handshake);
    talk.hear("-LOADING Redis is loading the dataset in memory\r\n" + kWelcome.substr(5));
    EXPECT_FALSE(talk.fault || protocol.established());
  }
  talk.turn_after(Duration(250));
  talk.hear(kWelcome);
  EXPECT_TRUE(protocol.established());
  EXPECT_EQ(protocol.obstacle(), "");
}

TEST_F(CommandProtocolTest, AsksForTheRoleEverySecondAndGivesUpWithoutAnAnswer) {
  talk.establish();
  EXPECT_EQ(talk.turn_after(Duration(999)), "");
  EXPECT_EQ(talk.turn_after(Duration(1)), command({"ROLE"}));
  publish("a", "1");
  talk.turn();
  talk.hear(kMaster + ":1\r\n");  // the answers keep the order
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(talk.turn_after(Duration(1000)), command({"ROLE"}));
  EXPECT_EQ(talk.turn_after(Duration(2999)), "");
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  EXPECT_TRUE(talk.fault);
}

TEST_F(CommandProtocolTest, LeavesAServerThatHasBecomeAReplica) {
  talk.establish();
  talk.turn_after(Duration(1000));
  talk.hear("*5\r\n" + bulk("slave") + bulk("127.0.0.1") + ":6379\r\n" + bulk("connected") + ":0\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::config);
  EXPECT_TRUE(talk.fault->of_the_server);
  EXPECT_NE(talk.fault->text.find("replica"), std::string::npos);
}

TEST_F(CommandProtocolTest, GivesTheConnectionUpWhenItLosesARight) {
  const auto fault_after = [&](const std::string& error) {
    talk.establish();
    publish("a", "1");
    exists("b");
    talk.turn();
    talk.hear(error);
    const std::optional<Fault> fault = talk.fault;
    talk.lose();
    talk.turn();
    return fault ? (fault->kind == FaultKind::config ? fault->text : "not config") : "none";
  };
  const std::string no_publish = "NOPERM this user has no permissions to run the 'publish' command";
  EXPECT_EQ(fault_after("-" + no_publish + "\r\n"), no_publish);
  const std::string no_numsub = "NOPERM this user has no permissions to run the 'pubsub|numsub' command";
  EXPECT_EQ(fault_after(":1\r\n-" + no_numsub + "\r\n"), no_numsub);
  EXPECT_EQ(results, (Results{"rejected: " + no_publish, "b unavailable", "1", "b rejected"}));
}

TEST_F(CommandProtocolTest, TellsWhatAServerThatCanNotNowAnswersAndKeepsTheLink) {
  talk.establish();
  for (const std::string error : {"BUSY Redis is busy running a script.", "MISCONF Redis is configured to save RDB snapshots",
                                  "MASTERDOWN Link with MASTER is down", "LOADING Redis is loading the dataset in memory"}) {
    results.clear();
    publish("a", "1");
    exists("b");
    talk.turn();
    talk.hear("-" + error + "\r\n-" + error + "\r\n");
    EXPECT_FALSE(talk.fault);
    EXPECT_EQ(results, (Results{"unavailable: " + error, "b unavailable"}));
  }
  results.clear();
  publish("a", "1");
  talk.turn();
  talk.hear("-OOM command not allowed when used memory > 'maxmemory'.\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results.front().substr(0, 10), "overloaded");
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
    talk.turn();
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
  protocol.probe("i:1", [](std::optional<bool>) {}, talk.now);
  EXPECT_EQ(talk.turn(), command({"PUBLISH", "i:1", ""}));
  talk.hear(":1\r\n");
  EXPECT_FALSE(talk.fault);
  protocol.probe("i:1", [](std::optional<bool>) {}, talk.now);
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
