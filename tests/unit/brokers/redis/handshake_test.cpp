#include "brokers/redis/handshake.hpp"

#include <optional>
#include <string>

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
  Handshake({"ws", "pw", 3}, "signalbox:host 1\r\n:command").begin(out);
  EXPECT_EQ(out, expected({{"AUTH", "ws", "pw"},
                           {"CLIENT", "SETNAME", "signalbox:host-1--:command"},
                           {"SELECT", "3"},
                           {"ROLE"},
                           {"INFO", "cluster"}}));
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

}  // namespace
}  // namespace signalbox::redis
