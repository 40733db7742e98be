// The command connection to a master of a cluster.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/command_protocol.hpp"
#include "tests/unit/brokers/redis/wire.hpp"

namespace signalbox::redis {
namespace {

class ShardedCommandTest : public ::testing::Test {
 protected:
  std::string tagged(const std::string& channel) {
    std::string name;
    tags.tagged(channel, name);
    return name;
  }
  void exists(const std::string& channel) {
    ASSERT_TRUE(budget.take(1));
    protocol.exists(
        tagged(channel), 1,
        [this, channel](Status status, bool yes) {
          results.push_back(channel + (status.ok() ? (yes ? " yes" : " no") : " " + std::string(status.detail)));
        },
        talk.deadline());
  }
  void publish(const std::string& channel) {
    ASSERT_TRUE(budget.take(1));
    protocol.publish(
        tagged(channel), "x", 1,
        [this](Status status, Receivers receivers) {
          results.push_back(status.ok() ? std::to_string(receivers.count) : status.code.message());
        },
        talk.deadline());
  }
  std::string guard_of(const std::string& channel) {
    return command({"SPUBLISH", tags.reserved(HashTags::group(tagged(channel)), "guard"), ""});
  }
  std::string count_of(const std::string& channel) { return command({"PUBSUB", "SHARDNUMSUB", tagged(channel)}); }
  std::string counted(const std::string& channel, int count) {
    return "*2\r\n" + bulk(tagged(channel)) + ":" + std::to_string(count) + "\r\n";
  }

  /// Up to what it first says of the others.
  void establish() {
    talk.establish();
    EXPECT_EQ(talk.turn(), kAsk);
    talk.hear(kMaster + bulk(seen));
  }

  const std::string kRole = command({"ROLE"});
  const std::string kAsk = kRole + command({"CLUSTER", "NODES"});
  static std::string nodes(const std::string& flags_of_others) {
    return "a h:1@2 myself,master - 0 0 1 connected 0-5\nb h:2@3 " + flags_of_others + " - 0 0 1 connected 6-16383\n";
  }
  std::string seen = nodes("master");

  using Results = std::vector<std::string>;
  Results results;
  HashTags tags{"p:"};
  brokers::Budget budget{1000};
  CommandProtocol protocol{Handshake({}, "n"), Duration(2000), budget, &tags};
  Conversation talk{protocol};
};

TEST_F(ShardedCommandTest, GuardsTheQuestionsOfEachSlot) {
  establish();
  // Two of one slot, and one between them of another.
  std::string twin;
  for (int i = 0; twin.empty(); ++i) {
    const std::string name = "p:" + std::to_string(i);
    if (HashTags::group(tagged(name)) == HashTags::group(tagged("p:a"))) twin = name;
  }
  exists("p:a");
  exists("p:b");
  exists(twin);
  const std::string of_a = command({"PUBSUB", "SHARDNUMSUB", tagged("p:a"), tagged(twin)}) + guard_of("p:a");
  const std::string of_b = count_of("p:b") + guard_of("p:b");
  const bool a_first = HashTags::group(tagged("p:a")) < HashTags::group(tagged("p:b"));
  EXPECT_EQ(talk.turn(), (a_first ? of_a + of_b : of_b + of_a) + kRole);
  const std::string to_a = "*4\r\n" + bulk(tagged("p:a")) + ":1\r\n" + bulk(tagged(twin)) + ":0\r\n:0\r\n";
  const std::string to_b = counted("p:b", 2) + ":0\r\n";
  talk.hear(a_first ? to_a + to_b : to_b + to_a);
  EXPECT_EQ(results, Results()) << "it may be a replica by now";
  talk.hear(kMaster);
  EXPECT_FALSE(talk.fault);
  const Results wanted_a{"p:a yes", twin + " no"};
  Results wanted = a_first ? wanted_a : Results{"p:b yes"};
  wanted.insert(wanted.end(), a_first ? 1 : 0, "p:b yes");
  if (!a_first) wanted.insert(wanted.end(), wanted_a.begin(), wanted_a.end());
  EXPECT_EQ(results, wanted);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ShardedCommandTest, BelievesNoCountBehindAGuardThatWasSentElsewhere) {
  establish();
  for (const std::string error : {"MOVED 3999 127.0.0.1:6381", "CLUSTERDOWN Hash slot not served", "ASK 1 h:1", "TRYAGAIN x"}) {
    results.clear();
    exists("p:a");
    talk.turn();
    talk.hear(counted("p:a", 0));
    EXPECT_EQ(results, Results()) << "not sure yet";
    talk.hear("-" + error + "\r\n" + kMaster);
    EXPECT_FALSE(talk.fault) << "the connection is as good as before";
    EXPECT_EQ(results, Results{"p:a " + error});
    EXPECT_TRUE(protocol.take_redirected());
    EXPECT_FALSE(protocol.take_redirected());
  }
  // The next guard stands for its own question.
  exists("p:a");
  talk.turn();
  talk.hear(counted("p:a", 1) + ":0\r\n" + kMaster);
  EXPECT_EQ(results.back(), "p:a yes");
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ShardedCommandTest, FailsAPublishThatWasSentElsewhereAndNothingElse) {
  establish();
  publish("p:a");
  publish("p:a");
  const std::string one = command({"SPUBLISH", tagged("p:a"), "x"});
  EXPECT_EQ(talk.turn(), one + one);
  talk.hear("-MOVED 1 h:1\r\n:3\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results, (Results{"unavailable", "3"}));
  EXPECT_TRUE(protocol.take_redirected());
}

TEST_F(ShardedCommandTest, TellsNobodyOnceItIsSureThatTheSlotWasThere) {
  establish();
  publish("p:a");
  publish("p:a");
  publish("p:a");
  talk.turn();
  talk.hear(":0\r\n:1\r\n:0\r\n");
  EXPECT_EQ(results, Results{"1"});
  EXPECT_FALSE(protocol.at_rest());
  EXPECT_EQ(talk.turn(), guard_of("p:a") + kRole);
  talk.hear(":0\r\n");
  EXPECT_EQ(results, Results{"1"});
  EXPECT_FALSE(protocol.at_rest());
  talk.hear(kMaster);
  EXPECT_EQ(results, (Results{"1", "0", "0"}));
  EXPECT_TRUE(protocol.at_rest());

  publish("p:a");
  talk.turn();
  talk.hear(":0\r\n");
  talk.turn();
  talk.hear("-MOVED 1 h:1\r\n" + kMaster);
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results.back(), "unknown_outcome");
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ShardedCommandTest, AnswersWhatIsNotSureWhenTheLinkIsLostOrTheBrokerStops) {
  for (const bool guarded : {false, true}) {
    establish();
    publish("p:a");
    exists("p:b");
    talk.turn();
    talk.hear(":0\r\n" + counted("p:b", 1));
    if (guarded) talk.turn();
    results.clear();
    talk.lose();
    talk.turn();
    std::sort(results.begin(), results.end());
    EXPECT_EQ(results, (Results{"p:b the connection was lost", "unknown_outcome"}));
  }
  establish();
  publish("p:a");
  talk.turn();
  talk.hear(":0\r\n");
  protocol.close_calls();
  EXPECT_EQ(results.back(), "closed");
  EXPECT_EQ(budget.used(), 0U);
}

/// A replica takes SPUBLISH, counts nobody and passes it on to its master, where somebody may be: so does one that was the
/// master a moment ago.
TEST_F(ShardedCommandTest, BelievesNoReplicaThatNobodyIsThere) {
  establish();
  publish("p:a");
  exists("p:a");
  talk.turn();
  talk.hear(":0\r\n" + counted("p:a", 0) + ":0\r\n" + kMaster);
  EXPECT_EQ(results, Results{"p:a no"});
  results.clear();
  exists("p:a");
  EXPECT_EQ(talk.turn(), count_of("p:a") + guard_of("p:a") + guard_of("p:a") + kRole);
  const std::string replica = "*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:14\r\n";
  talk.hear(counted("p:a", 0) + ":0\r\n:0\r\n" + replica);
  ASSERT_TRUE(talk.fault);
  EXPECT_TRUE(talk.fault->text.find("replica") != std::string::npos) << talk.fault->text;
  std::sort(results.begin(), results.end());
  EXPECT_EQ(results, (Results{"p:a " + talk.fault->text, "unknown_outcome"}));
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ShardedCommandTest, GivesTheLinkUpWhereAGuardIsLate) {
  establish();
  publish("p:a");
  talk.turn();
  talk.hear(":0\r\n");
  talk.turn_after(Duration(1949));
  EXPECT_FALSE(talk.fault);
  talk.turn_after(Duration(1));
  EXPECT_TRUE(talk.fault);
}

TEST_F(ShardedCommandTest, TellsWhatAGuardThatIsLateHoldsAndKeepsTheLinkOnWhichAnswersCome) {
  establish();
  for (int i = 0; i < 3; ++i) publish("p:a");
  talk.turn();
  talk.hear(":0\r\n");
  EXPECT_EQ(talk.turn(), guard_of("p:a") + kRole);
  talk.now += Duration(1900);
  talk.hear(":1\r\n");
  talk.turn_after(Duration(50));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results, (Results{"1", "unknown_outcome", "unknown_outcome"})) << "the one in front of the guard, and its own";
  EXPECT_TRUE(protocol.behind());
  talk.hear(":0\r\n:0\r\n" + kMaster);  // nobody is told of "nobody", so it needs no other guard
  EXPECT_EQ(talk.turn(), "");
  EXPECT_FALSE(protocol.behind());
  talk.hear(kMaster + bulk(seen));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results.size(), 3U);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ShardedCommandTest, TellsWhatWaitsForTheRoleWhenThatIsLateAndKeepsTheLinkOnWhichAnswersCome) {
  establish();
  publish("p:b");
  exists("p:a");
  talk.turn();
  talk.now += Duration(1900);
  talk.hear(":1\r\n" + counted("p:a", 0) + ":0\r\n");
  EXPECT_EQ(results, Results{"1"});
  talk.turn_after(Duration(50));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results, (Results{"1", "p:a not answered in time"}));
  talk.hear(kMaster + kMaster + bulk(seen));
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results.size(), 2U);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ShardedCommandTest, TellsThatAProbeWasSentElsewhere) {
  establish();
  std::vector<std::optional<bool>> counted;
  protocol.probe("p", [&](std::optional<bool> any) { counted.push_back(any); }, talk.now);
  talk.turn();
  talk.hear("-MOVED 3999 127.0.0.1:6381\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(counted, (std::vector<std::optional<bool>>{std::nullopt}));
  EXPECT_TRUE(protocol.take_redirected());
}

TEST_F(ShardedCommandTest, DoesNotBelieveThatNobodyIsThereWhileTheServerIsCutOff) {
  seen = nodes("master,fail?");
  establish();
  EXPECT_TRUE(protocol.cut_off());
  const auto ask = [&] {
    results.clear();
    publish("p:a");
    publish("p:a");
    exists("p:a");
    exists("p:a");
    talk.turn();
    const std::string twice = "*4\r\n" + bulk(tagged("p:a")) + ":0\r\n" + bulk(tagged("p:a")) + ":1\r\n";
    talk.hear(":2\r\n:0\r\n" + twice + ":0\r\n" + kMaster);
    talk.turn();
    talk.hear(":0\r\n" + kMaster);
    EXPECT_FALSE(talk.fault);
  };
  const Results doubted{"2", "p:a the server is cut off from most masters of the cluster", "p:a yes", "unknown_outcome"};
  ask();
  EXPECT_EQ(results, doubted);
  EXPECT_EQ(budget.used(), 0U);
  // It sees them again, and does not know yet what they have decided.
  for (int second = 1; second <= 5; ++second) {
    ask();
    EXPECT_EQ(results, doubted) << second;
    EXPECT_EQ(talk.turn_after(Duration(1000)), kAsk);
    talk.hear(kMaster + bulk(nodes("master")));
  }
  EXPECT_FALSE(protocol.cut_off());
  ask();
  EXPECT_EQ(results, (Results{"2", "p:a no", "p:a yes", "0"}));
}

TEST_F(ShardedCommandTest, ForgetsThatAServerWasCutOffWithItsLink) {
  seen = nodes("master,fail");
  establish();
  EXPECT_TRUE(protocol.cut_off());
  talk.lose();
  EXPECT_FALSE(protocol.cut_off());
  seen = nodes("master");
  establish();
  EXPECT_FALSE(protocol.cut_off());
  talk.turn_after(Duration(1000));
  talk.hear(kMaster + "-NOPERM this user has no permissions to run the 'cluster|nodes' command\r\n");
  ASSERT_TRUE(talk.fault);
  EXPECT_EQ(talk.fault->kind, FaultKind::config);
}

}  // namespace
}  // namespace signalbox::redis
