// A server that answers late: each call has its own time, and the link is kept as long as answers come.
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "brokers/common/turn.hpp"
#include "tests/unit/brokers/redis/command_protocol_fixture.hpp"

namespace signalbox::redis {
namespace {

const std::string kLate = "unknown_outcome: not answered in time";

class LateCommandTest : public CommandProtocolTest {
 protected:
  /// Two publishes, of which one has its answer when the other is late.
  void fall_behind() {
    talk.establish();
    publish("a", "1");
    publish("a", "2");
    talk.turn();
    talk.now += Duration(1900);
    talk.hear(":1\r\n");
    talk.turn_after(Duration(50));
  }
};

TEST_F(LateCommandTest, GivesUpALinkThatIsSilentWhenACallIsLate) {
  talk.establish();
  publish("a", "1");
  talk.turn_after(Duration(0));
  talk.turn_after(Duration(1900));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(50));
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::lost);
  EXPECT_EQ(results, Results{kLate});
}

TEST_F(LateCommandTest, GivesUpALinkThatIsSilentBehindAQuestionOfItsOwn) {
  talk.establish();
  protocol.probe("p", [](std::optional<bool>) {}, talk.now);
  publish("a", "1");
  talk.turn();
  talk.turn_after(Duration(1949));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  EXPECT_TRUE(talk.fault);
  EXPECT_EQ(results, Results{kLate});
}

TEST_F(LateCommandTest, TellsACallThatIsLateAndKeepsTheLinkOnWhichAnswersCome) {
  fall_behind();
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results, (Results{"1", kLate}));
  EXPECT_TRUE(protocol.behind());
  EXPECT_EQ(budget.used(), 10U) << "it still stands in the queue";
  talk.hear(":7\r\n" + kMaster);  // and the question for the role that was due meanwhile
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results.size(), 2U) << "told once";
  EXPECT_FALSE(protocol.behind());
  EXPECT_EQ(budget.used(), 0U);
  publish("a", "3");
  EXPECT_EQ(talk.turn(), command({"PUBLISH", "a", "3"}));
  talk.hear(":5\r\n");
  EXPECT_EQ(results.back(), "5") << "the answers still fit";
}

TEST_F(LateCommandTest, GivesUpALinkThatFallsSilentAfterACallWasLate) {
  fall_behind();
  talk.turn_after(Duration(1899));  // since the answer 1949
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->text, "a command was not answered in time");
  talk.lose();
  talk.turn();
  EXPECT_EQ(results.size(), 2U);
  EXPECT_EQ(budget.used(), 0U);
  EXPECT_FALSE(protocol.behind());
}

TEST_F(LateCommandTest, TellsQuestionsThatAreLateAndTakesTheirAnswer) {
  talk.establish();
  publish("a", "1");
  exists("b");
  exists("c");
  talk.turn();
  talk.now += Duration(1900);
  talk.hear(":1\r\n");
  talk.turn_after(Duration(50));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results, (Results{"1", "b unavailable", "c unavailable"}));
  EXPECT_TRUE(protocol.behind());
  EXPECT_EQ(budget.used(), 2U);
  talk.hear("*4\r\n" + bulk("b") + ":1\r\n" + bulk("c") + ":0\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results.size(), 3U);
  EXPECT_FALSE(protocol.behind());
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(LateCommandTest, TakesARefusalThatIsLate) {
  fall_behind();
  talk.hear("-NOPERM no channel a\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results.size(), 2U);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(LateCommandTest, MeasuresTheTimeOfACallFromWhenItWasMade) {
  talk.establish();
  ASSERT_TRUE(budget.take(10));
  protocol.publish(
      "a", "1", 10, [this](Status status, Receivers) { results.push_back(status.code.message()); },
      talk.now + Duration(500));  // it has waited for 1.5 s
  talk.turn_after(Duration(499));
  EXPECT_EQ(results, Results{});
  talk.turn_after(Duration(1));
  EXPECT_EQ(results, Results{"unknown_outcome"});
  EXPECT_FALSE(talk.fault) << "the server has had half a second";
}

TEST_F(LateCommandTest, TellsManyLateCallsInSlices) {
  brokers::Budget large(std::size_t{1} << 30);
  CommandProtocol other(Handshake({}, "n"), Duration(2000), large);
  Conversation conversation(other);
  conversation.establish();
  std::size_t told = 0;
  const std::size_t calls = 2 * brokers::kCompletionsPerTurn;
  for (std::size_t i = 0; i <= calls; ++i) {
    ASSERT_TRUE(large.take(1));
    other.publish(
        "a", "", 1, [&](Status status, Receivers) { told += status.code == errc::unknown_outcome; }, conversation.deadline());
  }
  conversation.turn();
  conversation.now += Duration(1900);
  conversation.hear(":1\r\n");
  conversation.turn_after(Duration(50));
  EXPECT_EQ(told, brokers::kCompletionsPerTurn);
  EXPECT_TRUE(other.unfinished());
  conversation.turn();
  EXPECT_EQ(told, calls);
  conversation.turn();
  EXPECT_FALSE(other.unfinished() || conversation.fault);
  EXPECT_EQ(large.used(), calls);
  std::string answers;
  for (std::size_t i = 0; i < calls; ++i) answers += ":1\r\n";
  conversation.hear(answers + kMaster);
  EXPECT_EQ(large.used(), 0U);
  EXPECT_TRUE(other.at_rest());
}

TEST_F(LateCommandTest, KeepsALinkOnWhichAnswersComeThoughThatToAQuestionOfItsOwnIsLate) {
  CommandProtocol patient(Handshake({}, "n"), Duration(10'000), budget);
  Conversation conversation(patient);
  conversation.establish();
  const auto write_one = [&] {
    ASSERT_TRUE(budget.take(10));
    patient.publish("a", "", 10, [](Status, Receivers) {}, conversation.now + Duration(10'000));
    conversation.turn();
  };
  for (int i = 0; i < 3; ++i) write_one();
  patient.probe("p", [](std::optional<bool>) {}, conversation.now);
  conversation.turn();
  for (int i = 0; i < 3; ++i) {
    conversation.now += Duration(2000);
    conversation.hear(":1\r\n");
    conversation.turn();
    ASSERT_FALSE(conversation.fault) << i;
  }
  conversation.turn_after(Duration(2999));
  EXPECT_FALSE(conversation.fault);
  conversation.turn_after(Duration(1));
  EXPECT_TRUE(conversation.fault);
}

TEST_F(LateCommandTest, GivesUpALinkThatIsSoFarBehindThatWhatIsQueuedWouldBeStale) {
  talk.establish();
  for (int i = 0; i < 20; ++i) publish("a", std::to_string(i));
  talk.turn();
  for (int second = 1; second <= 11; ++second) {
    talk.turn_after(Duration(1000));
    ASSERT_FALSE(talk.fault) << second;
    talk.hear(":1\r\n");
  }
  talk.turn_after(Duration(950));
  EXPECT_TRUE(talk.fault);
}

TEST_F(LateCommandTest, ClosesNoCallThatIsTold) {
  fall_behind();
  protocol.close_calls();
  EXPECT_EQ(results, (Results{"1", kLate}));
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace signalbox::redis
