// A Redis that is there and does not serve: wrong role, full, or one that cuts us off.
#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/ports.hpp"

namespace signalbox::test {
namespace {

/// Waits until /readyz says no and gives a reason that holds `text`.
testing::AssertionResult not_ready_because(Instance& instance, const std::string& text) {
  HttpResponse last;
  const bool told = wait_until([&] {
    last = instance.http().get("/readyz");
    return last.status == 503 && last.body.find(text) != std::string::npos;
  });
  return told ? testing::AssertionSuccess() : testing::AssertionFailure() << last.status << " " << last.body;
}

TEST(RedisRefusals, AReplicaIsRefusedWithTheReasonUntilItIsAMaster) {
  RedisServer redis;
  redis.command({"REPLICAOF", "127.0.0.1", "1"});
  Instance instance(Instance::Unready{}, redis);
  EXPECT_TRUE(not_ready_because(instance, "replica"));
  EXPECT_TRUE(instance.process().running());
  redis.command({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(wait_until([&] { return instance.ready(); }, 20s));
}

TEST(RedisRefusals, AClusterNodeIsRefusedWithTheReason) {
  RedisServer redis({"--cluster-enabled", "yes", "--cluster-port", std::to_string(free_port())});
  Instance instance(Instance::Unready{}, redis);
  EXPECT_TRUE(not_ready_because(instance, "cluster"));
}

TEST(RedisRefusals, AnUnknownUserIsAnAuthFault) {
  RedisServer redis;
  Instance instance(Instance::Unready{}, redis, {{"broker.redis.username", "nobody"}, {"broker.redis.password", "secret"}});
  EXPECT_TRUE(not_ready_because(instance, "auth"));
  const boost::json::object info = json(instance.http().get("/api/v1/instance").body);
  EXPECT_EQ(text_of(info.at("broker").as_object(), "state"), "failed");
}

TEST(RedisRefusals, AMissingRightIsToldOnce) {
  RedisServer redis;
  redis.command({"ACL", "SETUSER", "app", "on", ">secret", "&*", "+@all", "-subscribe"});
  Instance instance(Instance::Unready{}, redis, {{"broker.redis.username", "app"}, {"broker.redis.password", "secret"}});
  ASSERT_TRUE(not_ready_because(instance, "NOPERM"));
  // The connections say so one after another.
  EXPECT_FALSE(wait_until(
      [&] {
        const std::string body = instance.http().get("/readyz").body;
        return body.find("NOPERM") != body.rfind("NOPERM");
      },
      500ms))
      << instance.http().get("/readyz").body;
}

TEST(RedisRefusals, AServerThatIsFullIsWaitedFor) {
  RedisServer redis({"--maxclients", "1"});
  Instance instance(Instance::Unready{}, redis);
  EXPECT_TRUE(not_ready_because(instance, "max number of clients"));
  EXPECT_TRUE(instance.process().running());
}

TEST(RedisRefusals, AnInstanceThatWasStoppedAndCutOffComesBackWithAGap) {
  RedisServer redis({"--client-output-buffer-limit", "pubsub 1mb 1mb 1"});
  // Alice is not to be the slow one here.
  Instance instance(redis, {{"limits.queue_bytes", "256MiB"}});
  WebSocketClient alice = instance.connect_envelope("alice");
  instance.process().freeze();
  const std::string payload(60 * 1024, 'x');
  // The kernel's buffers take some megabytes before Redis's own limit is reached.
  int sent = 0;
  while (sent < 2000 && redis.publish("alice", payload) > 0) ++sent;
  ASSERT_LT(sent, 2000) << "Redis never cut the connection";
  instance.process().thaw();

  bool gap = false;
  for (std::optional<WebSocketMessage> message = alice.next(); message && !gap; message = alice.next()) {
    gap = text_of(json(message->payload), "type") == "gap";
    if (gap) break;
  }
  EXPECT_TRUE(gap);
  ASSERT_TRUE(wait_until([&] { return instance.ready() && redis.subscribers("alice") == 1; }));
  EXPECT_EQ(instance.publish("alice", "after").status, 200u);
  std::string last;
  while (last.find("after") == std::string::npos && last != "(nothing)") last = alice.next_payload();
  EXPECT_EQ(json(last), json(R"({"type":"message","data":"after"})"));
}

}  // namespace
}  // namespace signalbox::test
