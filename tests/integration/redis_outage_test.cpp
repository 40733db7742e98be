// Redis itself goes away, freezes, starts slowly or becomes a replica, under load: both instances are hit.
#include <gtest/gtest.h>

#include "tests/integration/under_load.hpp"

namespace signalbox::test {
namespace {

const std::vector<std::string> kBoth{"one", "two"};

TEST(RedisOutage, KilledForAWhile) {
  UnderLoad load;
  load.fault(kBoth);
  load.redis.kill();
  load.wait_noticed("onnect");
  load.wait_answered("unavailable");
  load.redis.restart();
  load.mended();
  load.expect_recovery("killed (SIGKILL) and started again");
}

TEST(RedisOutage, RestartedAtOnce) {
  UnderLoad load;
  load.fault(kBoth);
  load.redis.kill();
  load.redis.restart();
  load.mended();
  load.expect_recovery("restarted at once");
}

TEST(RedisOutage, FrozenAndThawed) {
  UnderLoad load;
  load.fault(kBoth);
  load.redis.freeze();
  load.wait_noticed("in time");
  load.wait_answered("unavailable");
  load.redis.thaw();
  load.mended();
  load.expect_recovery("frozen (SIGSTOP) and thawed");
}

TEST(RedisOutage, FrozenForLessThanItsCallsMayTakeIsNoOutage) {
  UnderLoad load;
  load.redis.freeze();
  std::this_thread::sleep_for(300ms);
  load.redis.thaw();
  load.wait_answered("delivered", 200);
  EXPECT_EQ(load.ledger.gap_count("one") + load.ledger.gap_count("two"), 0u);
  load.expect_no_lie();
  EXPECT_EQ(load.ledger.lost(), 0u);
}

TEST(RedisOutage, LoadsALargeKeyspaceAfterTheRestart) {
  UnderLoad load(
      {"--enable-debug-command", "yes", "--key-load-delay", "100", "--loading-process-events-interval-bytes", "1024"});
  load.redis.command({"DEBUG", "POPULATE", "10000"});
  load.redis.command({"SAVE"});
  load.fault(kBoth);
  load.redis.kill();
  load.redis.restart();  // returns when it has loaded
  load.mended();
  load.wait_noticed("LOADING");
  load.expect_recovery("slow start: LOADING a large keyspace");
}

TEST(RedisOutage, DemotedToAReplicaAndPromotedAgain) {
  UnderLoad load;
  load.fault(kBoth);
  load.redis.command({"REPLICAOF", "127.0.0.1", "1"});
  load.wait_noticed("replica", 20s);
  load.wait_answered("unavailable");
  load.redis.command({"REPLICAOF", "NO", "ONE"});
  load.mended();
  load.expect_recovery("demoted to a replica and promoted again", 20s);
}

}  // namespace
}  // namespace signalbox::test
