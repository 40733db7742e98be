// A client that does not read costs its own connection and nobody else's.
#include <gtest/gtest.h>

#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

/// The client that does not read has little room in its socket, so that what it leaves unread stays with the server.
constexpr int kSmallReceiveBuffer = 4096;

TEST(SlowConsumer, IsClosedWith4008WhileOthersGetEverything) {
  Instance instance(Settings{{"limits.queue_bytes", "128KiB"}});
  RawWebSocket slow(instance.port(), {"/?user_name=alice", {}, {}, kSmallReceiveBuffer});
  WebSocketClient fast = instance.connect("alice");
  WebSocketClient bob = instance.connect("bob");

  const std::string payload(16 * 1024, 'x');
  int sent = 0;
  const auto closed = [&] { return instance.metric("signalbox_closes_total", "code=\"4008\"") > 0; };
  while (sent < 1000 && !closed()) {
    const std::string message = std::to_string(sent++) + " " + payload;
    ASSERT_EQ(instance.publish("alice", message).status, 200u);
    ASSERT_TRUE(fast.next_payload() == message) << "message " << sent - 1;
  }
  ASSERT_LT(sent, 1000) << "the slow client was never closed";
  EXPECT_GE(sent * 16, 128) << "closed before its queue was full";

  EXPECT_EQ(instance.publish("bob", "unharmed").status, 200u);
  EXPECT_EQ(bob.next_payload(), "unharmed");
  EXPECT_GE(instance.metric("signalbox_dropped_total", "connection"), 1);

  // What had been written before the close arrives whole; then the reason, if there was room for it.
  const std::optional<CloseReason> end = slow.next_close();
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->code == 4008u || end->code == 1006u) << end->code;
}

TEST(SlowConsumer, IsToldTheReasonWhenItReadsAgain) {
  Instance instance(Settings{{"limits.queue_bytes", "64KiB"}});
  RawWebSocket slow(instance.port(), {"/?user_name=alice", {}, {}, kSmallReceiveBuffer});
  ASSERT_TRUE(wait_until([&] { return instance.exists("alice"); }));
  const std::string payload(32 * 1024, 'x');
  for (int i = 0; i < 1000 && instance.metric("signalbox_closes_total", "code=\"4008\"") == 0; ++i) {
    instance.publish("alice", payload);
  }
  const std::optional<CloseReason> end = slow.next_close();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 4008u);
  EXPECT_TRUE(wait_until([&] { return !instance.exists("alice"); }));
}

TEST(SlowConsumer, IsForgottenWhenItNeverReadsAgain) {
  Instance instance(Settings{{"limits.queue_bytes", "64KiB"}});
  RawWebSocket slow(instance.port(), {"/?user_name=alice", {}, {}, kSmallReceiveBuffer});
  ASSERT_TRUE(wait_until([&] { return instance.exists("alice"); }));
  const std::string payload(32 * 1024, 'x');
  for (int i = 0; i < 1000 && instance.metric("signalbox_closes_total", "code=\"4008\"") == 0; ++i) {
    instance.publish("alice", payload);
  }
  EXPECT_TRUE(wait_until([&] { return !instance.exists("alice"); }));
  EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_connections") == 0; }, 20s));
  EXPECT_EQ(instance.metric("signalbox_queue_bytes", "connection"), 0);
}

}  // namespace
}  // namespace signalbox::test
