// The command connection to a master of a cluster.
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
  std::string guard_of(const std::string& channel) {
    return command({"SPUBLISH", tags.reserved(HashTags::group(tagged(channel)), "guard"), ""});
  }
  std::string count_of(const std::string& channel) { return command({"PUBSUB", "SHARDNUMSUB", tagged(channel)}); }
  std::string counted(const std::string& channel, int count) {
    return "*2\r\n" + bulk(tagged(channel)) + ":" + std::to_string(count) + "\r\n";
  }

  using Results = std::vector<std::string>;
  Results results;
  HashTags tags{"p:"};
  brokers::Budget budget{1000};
  CommandProtocol protocol{Handshake({}, "n"), Duration(2000), budget, &tags};
  Conversation talk{protocol};
};

TEST_F(ShardedCommandTest, GuardsTheQuestionsOfEachSlot) {
  talk.establish();
  // Two of one slot, and one between them of another.
  std::string twin;
  for (int i = 0; twin.empty(); ++i) {
    const std::string name = "p:" + std::to_string(i);
    if (HashTags::group(tagged(name)) == HashTags::group(tagged("p:a"))) twin = name;
  }
  exists("p:a");
  exists("p:b");
  exists(twin);
  const std::string of_a = guard_of("p:a") + command({"PUBSUB", "SHARDNUMSUB", tagged("p:a"), tagged(twin)});
  const std::string of_b = guard_of("p:b") + count_of("p:b");
  const bool a_first = HashTags::group(tagged("p:a")) < HashTags::group(tagged("p:b"));
  EXPECT_EQ(talk.turn(), a_first ? of_a + of_b : of_b + of_a);
  const std::string to_a = ":0\r\n*4\r\n" + bulk(tagged("p:a")) + ":1\r\n" + bulk(tagged(twin)) + ":0\r\n";
  const std::string to_b = ":0\r\n" + counted("p:b", 2);
  talk.hear(a_first ? to_a + to_b : to_b + to_a);
  EXPECT_FALSE(talk.fault);
  const Results wanted_a{"p:a yes", twin + " no"};
  Results wanted = a_first ? wanted_a : Results{"p:b yes"};
  wanted.insert(wanted.end(), a_first ? 1 : 0, "p:b yes");
  if (!a_first) wanted.insert(wanted.end(), wanted_a.begin(), wanted_a.end());
  EXPECT_EQ(results, wanted);
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(ShardedCommandTest, BelievesNoCountBehindAGuardThatWasSentElsewhere) {
  talk.establish();
  for (const std::string error : {"MOVED 3999 127.0.0.1:6381", "CLUSTERDOWN Hash slot not served", "ASK 1 h:1", "TRYAGAIN x"}) {
    results.clear();
    exists("p:a");
    talk.turn();
    talk.hear("-" + error + "\r\n" + counted("p:a", 0));
    EXPECT_FALSE(talk.fault) << "the connection is as good as before";
    EXPECT_EQ(results, Results{"p:a " + error});
    EXPECT_TRUE(protocol.take_redirected());
    EXPECT_FALSE(protocol.take_redirected());
  }
  // The next guard stands for its own question.
  exists("p:a");
  talk.turn();
  talk.hear(":0\r\n" + counted("p:a", 1));
  EXPECT_EQ(results.back(), "p:a yes");
}

TEST_F(ShardedCommandTest, FailsAPublishThatWasSentElsewhereAndNothingElse) {
  talk.establish();
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(budget.take(1));
    protocol.publish(
        tagged("p:a"), "x", 1,
        [this](Status status, Receivers receivers) {
          results.push_back(status.ok() ? std::to_string(receivers.count) : status.code.message());
        },
        talk.deadline());
  }
  const std::string one = command({"SPUBLISH", tagged("p:a"), "x"});
  EXPECT_EQ(talk.turn(), one + one);
  talk.hear("-MOVED 1 h:1\r\n:3\r\n");
  EXPECT_FALSE(talk.fault);
  EXPECT_EQ(results, (Results{make_error_code(errc::unavailable).message(), "3"}));
  EXPECT_TRUE(protocol.take_redirected());
}

TEST_F(ShardedCommandTest, ForgetsARefusedGuardWithItsLink) {
  talk.establish();
  exists("p:a");
  talk.turn();
  talk.hear("-MOVED 1 h:1\r\n");
  talk.lose();
  talk.turn();
  EXPECT_EQ(results.size(), 1U);
  talk.establish();
  exists("p:b");
  talk.turn();
  talk.hear(":0\r\n" + counted("p:b", 1));
  EXPECT_EQ(results.back(), "p:b yes");
}

}  // namespace
}  // namespace signalbox::redis
