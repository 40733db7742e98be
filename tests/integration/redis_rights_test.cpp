// An operator takes away what the instances need, under load, and gives it back.
#include <gtest/gtest.h>

#include "tests/integration/under_load.hpp"
#include "tests/support/redis_connection.hpp"

namespace signalbox::test {
namespace {

const std::vector<std::string> kBoth{"one", "two"};

class RedisRights : public testing::Test {
 protected:
  void acl(const std::vector<std::string>& rules) {
    std::vector<std::string> command{"ACL", "SETUSER", "signalbox"};
    command.insert(command.end(), rules.begin(), rules.end());
    load_.redis.command(command);
  }
  void kill_connections() { load_.redis.command({"CLIENT", "KILL", "USER", "signalbox"}); }

  UnderLoad load_;
};

TEST_F(RedisRights, NoMoreClientsAllowed) {
  RedisConnection operator_(load_.redis.port());  // has to be there before: it could not come any more
  load_.fault(kBoth);
  operator_.command({"CONFIG", "SET", "maxclients", "2"});
  operator_.command({"CLIENT", "KILL", "USER", "signalbox"});
  load_.wait_noticed("max number of clients");
  load_.wait_answered("unavailable");
  operator_.command({"CONFIG", "SET", "maxclients", "1000"});
  load_.mended();
  load_.expect_recovery("maxclients reached", 20s);
}

TEST_F(RedisRights, PasswordChangedAndMended) {
  load_.fault(kBoth);
  acl({">other", "<secret"});
  kill_connections();
  load_.wait_noticed("auth");
  load_.wait_answered("unavailable");
  acl({">secret", "<other"});
  load_.mended();
  load_.expect_recovery("password changed and mended", 20s);
}

TEST_F(RedisRights, OneChannelOfManyForbidden) {
  load_.fault({"one"});  // the other one holds no such channel
  load_.dismiss("ann");
  acl({"resetchannels", "&ben", "&both", "&nobody", "&\x01*", "&\x02*"});
  load_.mended();
  EXPECT_TRUE(wait_until([&] { return load_.clients()[0]->closed().has_value(); })) << load_.reasons();
  const auto end = load_.clients()[0]->closed();
  if (end) {
    EXPECT_EQ(end->code, 1008u) << end->reason;
  }
  load_.expect_recovery("ACL narrowed: one channel of many");
}

TEST_F(RedisRights, PublishForbiddenAndAllowedAgain) {
  load_.fault(kBoth);
  acl({"-publish"});
  load_.wait_answered("rejected", 1);
  load_.wait_noticed("NOPERM", 20s);
  load_.wait_answered("unavailable");
  acl({"+publish"});
  load_.mended();
  load_.expect_recovery("ACL narrowed: PUBLISH", 20s);
}

TEST_F(RedisRights, AskingForbiddenAndAllowedAgain) {
  load_.fault(kBoth);
  acl({"-pubsub|numsub"});
  load_.wait_noticed("NOPERM", 20s);
  load_.wait_answered("unavailable");
  EXPECT_GE(load_.ledger.said("rejected"), 1u);
  acl({"+pubsub|numsub"});
  load_.mended();
  load_.expect_recovery("ACL narrowed: PUBSUB NUMSUB", 20s);
}

}  // namespace
}  // namespace signalbox::test
