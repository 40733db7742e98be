// The way between one instance and Redis is broken, under load: the other instance has to stay as it is.
#include <sstream>

#include <gtest/gtest.h>

#include "tests/integration/under_load.hpp"

namespace signalbox::test {
namespace {

/// CLIENT LIST's id of the connection that this instance calls `role`.
std::string client_id(const RedisServer& redis, const Instance& instance, const std::string& role) {
  std::istringstream lines(redis.command({"CLIENT", "LIST"}));
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" name=signalbox:" + instance.id() + ":" + role + " ") == std::string::npos) continue;
    return line.substr(3, line.find(' ') - 3);
  }
  throw std::runtime_error("no connection named " + role);
}

class RedisLink : public testing::Test {
 protected:
  void kill_connection(const std::string& role) {
    load_.fault({"one"});
    load_.redis.command({"CLIENT", "KILL", "ID", client_id(load_.redis, load_.one, role)});
    load_.mended();
    load_.expect_recovery("CLIENT KILL of the " + role + " connection");
  }

  UnderLoad load_;
};

TEST_F(RedisLink, CommandConnectionKilled) { kill_connection("command"); }
TEST_F(RedisLink, FirstSubscriberConnectionKilled) { kill_connection("subscriber-0"); }
TEST_F(RedisLink, SecondSubscriberConnectionKilled) { kill_connection("subscriber-1"); }

TEST_F(RedisLink, AllConnectionsReset) {
  load_.fault({"one"});
  load_.proxy.reset();
  load_.mended();
  load_.expect_recovery("all connections of an instance reset");
}

TEST_F(RedisLink, NoConnectionPossibleForAWhile) {
  load_.fault({"one"});
  load_.proxy.refuse(true);
  load_.proxy.cut();
  load_.wait_noticed("refused");
  load_.wait_answered("unavailable");
  load_.proxy.refuse(false);
  load_.mended();
  load_.expect_recovery("Redis unreachable for an instance");
}

TEST_F(RedisLink, CutInTheMiddleOfAMessage) {
  load_.fault({"one"});
  load_.proxy.cut_after(Direction::to_client, 1021);
  load_.wait_noticed("");
  load_.proxy.heal();
  load_.mended();
  load_.expect_recovery("cut in the middle of a message");
}

TEST_F(RedisLink, PushesLostWhileTcpIsAlive) {
  load_.fault({"one"});
  *load_.lose_pushes = true;
  load_.wait_noticed("probe", 20s);
  *load_.lose_pushes = false;
  load_.mended();
  load_.expect_recovery("pushes lost, TCP alive (the probe notices)", 20s);
}

TEST_F(RedisLink, SilentInOneDirection) {
  load_.fault({"one"});
  load_.proxy.stall(Direction::to_server);
  load_.wait_noticed("in time", 20s);
  load_.wait_answered("unavailable");
  load_.proxy.heal();
  load_.mended();
  load_.expect_recovery("nothing passes to Redis, TCP alive", 20s);
}

TEST_F(RedisLink, SilentInTheOtherDirection) {
  load_.fault({"one"});
  load_.proxy.stall(Direction::to_client);
  load_.wait_noticed("in time", 20s);
  load_.wait_answered("unavailable");
  load_.proxy.heal();
  load_.mended();
  load_.expect_recovery("nothing passes from Redis, TCP alive", 20s);
}

TEST_F(RedisLink, SlowIsNoOutage) {
  load_.proxy.delay(Direction::to_client, 100ms);
  load_.proxy.delay(Direction::to_server, 100ms);
  load_.wait_answered("delivered", 200);
  EXPECT_EQ(load_.ledger.gap_count("one") + load_.ledger.gap_count("two"), 0u);
  load_.expect_no_lie();
  EXPECT_EQ(load_.ledger.lost(), 0u);
}

TEST_F(RedisLink, GarbageBetweenTheReplies) {
  load_.fault({"one"});
  load_.proxy.inject(Direction::to_client, "HTTP/1.1 400 Bad Request\r\n\r\n");
  load_.mended();
  load_.wait_noticed("protocol");
  load_.expect_recovery("garbage bytes");
}

TEST(RedisOutputBuffer, LimitHit) {
  // What waits is to be Redis's and not the client's.
  UnderLoad load({"--client-output-buffer-limit", "pubsub 64kb 0 0"}, {{"limits.queue_bytes", "64MiB"}});
  load.fault({"one"});
  load.proxy.stall(Direction::to_client);
  const std::string ballast = " " + std::string(60 * 1024, 'x');
  int receivers = 1;
  for (int sent = 0; receivers > 0; ++sent) {  // the buffers of the kernel come first
    ASSERT_LT(sent, 2000) << "Redis never cut the connection";
    const Ledger::Id message = load.ledger.begin("flood", "ann");
    receivers = load.redis.publish("ann", Ledger::payload(message) + ballast);
    load.ledger.end(message, receivers > 0 ? "delivered" : "nobody");
  }
  load.proxy.heal();
  load.mended();
  load.wait_noticed("End of file");
  load.expect_recovery("output buffer limit hit", 20s);
}

}  // namespace
}  // namespace signalbox::test
