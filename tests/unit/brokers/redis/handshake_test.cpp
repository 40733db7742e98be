#include "brokers/redis/handshake.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::redis {
namespace {

Reply decode(const std::string& bytes) {
  ReplyReader reader;
  Reply reply;
  EXPECT_TRUE(reader.feed(bytes));
  EXPECT_EQ(reader.next(reply), ReplyReader::Next::reply);
  return reply;
}

std::string expected(std::initializer_list<std::initializer_list<std::string_view>> commands) {
  std::string out;
  for (const auto& command : commands) append_command(out, command);
  return out;
}

const char* const kMaster = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
const char* const kNoCluster = "$30\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n";

/// Answers ROLE and INFO, after the name.
std::optional<Fault> finish(Handshake& handshake, const std::string& role, const std::string& info) {
  EXPECT_FALSE(handshake.accept(*decode("+OK\r\n")));
  if (std::optional<Fault> fault = handshake.accept(*decode(role))) return fault;
  return handshake.accept(*decode(info));
}

TEST(Handshake, WritesAllItNeedsAtOnce) {
  std::string out;
  Handshake({"ws", "pw", 3}, "signalbox:host 1\r\n:command", {{"PING"}, {"PUBSUB", "NUMSUB", "x"}}).begin(out);
  EXPECT_EQ(out, expected({{"AUTH", "ws", "pw"},
                           {"CLIENT", "SETNAME", "signalbox:host-1--:command"},
                           {"ROLE"},
                           {"INFO", "cluster"},
                           {"SELECT", "3"},
                           {"PING"},
                           {"PUBSUB", "NUMSUB", "x"}}));
  out.clear();
  Handshake({"", "pw", 0}, "n").begin(out);
  EXPECT_EQ(out, expected({{"AUTH", "pw"}, {"CLIENT", "SETNAME", "n"}, {"ROLE"}, {"INFO", "cluster"}}));
}

TEST(Handshake, AcceptsAMasterWithoutCluster) {
  std::string out;
  Handshake handshake({}, "n");
  for (int link = 0; link < 2; ++link) {  // and begins anew on the next link
    handshake.begin(out);
    EXPECT_FALSE(handshake.complete());
    EXPECT_FALSE(finish(handshake, kMaster, kNoCluster));
    EXPECT_TRUE(handshake.complete());
  }
}

TEST(Handshake, RefusesReplicasSentinelsAndClusters) {
  const auto fault_for = [](const std::string& role, const std::string& info) {
    std::string out;
    Handshake handshake({}, "n");
    handshake.begin(out);
    const std::optional<Fault> fault = finish(handshake, role, info);
    EXPECT_TRUE(fault && fault->kind == FaultKind::config);
    return fault ? fault->text : "";
  };
  EXPECT_NE(fault_for("*1\r\n$5\r\nslave\r\n", kNoCluster).find("replica"), std::string::npos);
  EXPECT_NE(fault_for("*1\r\n$8\r\nsentinel\r\n", kNoCluster).find("sentinel"), std::string::npos);
  EXPECT_NE(fault_for(kMaster, "$30\r\n# Cluster\r\ncluster_enabled:1\r\n\r\n").find("cluster mode"), std::string::npos);
}

TEST(Handshake, TakesAFoundServerThatIsNoMasterForOneThatIsLeftSoon) {
  std::string out;
  Handshake handshake({}, "n", {}, Wanted::found_master);
  handshake.begin(out);
  const std::optional<Fault> fault = finish(handshake, "*1\r\n$5\r\nslave\r\n", kNoCluster);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::lost);
  EXPECT_TRUE(fault->of_the_server);
  EXPECT_EQ(fault->text, "the server is not the master any more");
}

TEST(Handshake, AsksASentinelWhetherItIsOneAndNothingOfAServer) {
  std::string out;
  Handshake handshake({}, "n", {}, Wanted::sentinel);
  handshake.begin(out);
  EXPECT_EQ(out, expected({{"CLIENT", "SETNAME", "n"}, {"ROLE"}}));
  EXPECT_FALSE(handshake.accept(*decode("+OK\r\n")));
  EXPECT_FALSE(handshake.accept(*decode("*1\r\n$8\r\nsentinel\r\n")));
  EXPECT_TRUE(handshake.complete());
  handshake.begin(out);
  EXPECT_FALSE(handshake.accept(*decode("+OK\r\n")));
  const std::optional<Fault> fault = handshake.accept(*decode(kMaster));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::config);
  EXPECT_EQ(fault->text, "the server is no sentinel; let urls name the sentinels");
}

TEST(Handshake, WantsSevenOfAClusterAndWillNotDoWithoutOne) {
  const auto fault_for = [](Wanted wanted, const std::string& role, int cluster, const std::string& version) {
    std::string out;
    Handshake handshake({}, "n", {}, wanted);
    handshake.begin(out);
    EXPECT_EQ(out, expected({{"CLIENT", "SETNAME", "n"}, {"ROLE"}, {"INFO", "cluster"}, {"INFO", "server"}}));
    std::string cluster_section, server_section;
    append_argument(cluster_section, "# Cluster\r\ncluster_enabled:" + std::to_string(cluster) + "\r\n");
    append_argument(server_section, "# Server\r\nredis_version:" + version + "\r\nredis_mode:cluster\r\n");
    std::optional<Fault> fault = finish(handshake, role, cluster_section);
    if (!fault) fault = handshake.accept(*decode(server_section));
    if (!fault) {
      EXPECT_TRUE(handshake.complete());
    }
    return fault.value_or(Fault{FaultKind::lost, ""});
  };
  const char* const kReplica = "*1\r\n$5\r\nslave\r\n";
  for (const std::string version : {"7.0.15", "8.1.1", "10.0.0-rc1", "255.255.255"}) {
    EXPECT_EQ(fault_for(Wanted::cluster_master, kMaster, 1, version).text, "");
  }
  EXPECT_EQ(fault_for(Wanted::cluster_node, kReplica, 1, "7.2.4").text, "") << "it knows the slots as well";
  const Fault replica = fault_for(Wanted::cluster_master, kReplica, 1, "7.2.4");
  EXPECT_EQ(replica.text, "the server is not the master any more");
  EXPECT_TRUE(replica.of_the_server);
  for (const Wanted wanted : {Wanted::cluster_master, Wanted::cluster_node}) {
    const Fault old = fault_for(wanted, kMaster, 1, "6.2.14");
    EXPECT_EQ(old.kind, FaultKind::config);
    EXPECT_EQ(old.text, "the server is Redis 6.2.14; mode cluster needs 7.0 for sharded pub/sub");
    const Fault single = fault_for(wanted, kMaster, 0, "7.0.15");
    EXPECT_EQ(single.kind, FaultKind::config);
    EXPECT_EQ(single.text, "the server runs without cluster-enabled; let mode be single, or urls name nodes of a cluster");
  }
}

TEST(Handshake, TellsWrongPasswordsAndMissingPermissions) {
  std::string out;
  Handshake handshake({"", "pw", 0}, "n");
  handshake.begin(out);
  const std::optional<Fault> wrong = handshake.accept(*decode("-WRONGPASS invalid username-password pair\r\n"));
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->kind, FaultKind::auth);

  handshake.begin(out);
  EXPECT_FALSE(handshake.accept(*decode("+OK\r\n")));
  // Its name is a courtesy; its role is not.
  EXPECT_FALSE(handshake.accept(*decode("-NOPERM this user has no permissions to run the 'client|setname' command\r\n")));
  const std::optional<Fault> no_role =
      handshake.accept(*decode("-NOPERM this user has no permissions to run the 'role' command\r\n"));
  ASSERT_TRUE(no_role);
  EXPECT_EQ(no_role->kind, FaultKind::config);
}

TEST(Handshake, TellsEachRightThatIsMissing) {
  const std::vector<Handshake::Need> needs{{"PING"}, {"UNSUBSCRIBE", "x"}};
  for (std::size_t refused = 0; refused < needs.size(); ++refused) {
    std::string out;
    Handshake handshake({}, "n", needs);
    handshake.begin(out);
    EXPECT_FALSE(finish(handshake, kMaster, kNoCluster));
    for (std::size_t need = 0; need < refused; ++need) EXPECT_FALSE(handshake.accept(*decode("+OK\r\n")));
    const std::string error = "NOPERM this user has no permissions to run the '" + needs[refused][0] + "' command";
    const std::optional<Fault> fault = handshake.accept(*decode("-" + error + "\r\n"));
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->kind, FaultKind::config);
    EXPECT_EQ(fault->text, error);
  }
}

TEST(Handshake, WaitsForAServerThatIsLoadingOrBusyAndBeginsAnew) {
  for (const std::string error : {"LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script."}) {
    std::string out;
    Handshake handshake({}, "n", {{"PING"}});
    handshake.begin(out);
    EXPECT_FALSE(finish(handshake, kMaster, kNoCluster));
    EXPECT_FALSE(handshake.accept(*decode("-" + error + "\r\n")));
    EXPECT_TRUE(handshake.answered());
    EXPECT_FALSE(handshake.complete());
    EXPECT_EQ(handshake.obstacle(), error);
    handshake.begin(out);
    EXPECT_FALSE(finish(handshake, kMaster, kNoCluster));
    EXPECT_FALSE(handshake.accept(*decode("+PONG\r\n")));
    EXPECT_TRUE(handshake.complete());
  }
}

TEST(Handshake, WorksWithAServerThatCanNotWriteToItsDisk) {
  std::string out;
  Handshake handshake({}, "n", {{"PING"}});
  handshake.begin(out);
  EXPECT_FALSE(finish(handshake, kMaster, kNoCluster));
  EXPECT_FALSE(handshake.accept(*decode("-MISCONF Errors writing to the AOF file: No space left on device\r\n")));
  EXPECT_TRUE(handshake.complete());
}

TEST(Handshake, TakesARefusalOfTheConnectionForNoRefusalOfItsName) {
  std::string out;
  Handshake handshake({}, "n");
  handshake.begin(out);
  std::optional<Fault> fault = handshake.accept(*decode("-DENIED Redis is running in protected mode. Do this. Or that.\r\n"));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::config);
  EXPECT_EQ(fault->text, "DENIED Redis is running in protected mode");
  handshake.begin(out);
  fault = handshake.accept(*decode("-ERR max number of clients reached\r\n"));
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::lost);
}

}  // namespace
}  // namespace signalbox::redis
