// What becomes of messages beyond the limits: the bounded queues of a connection and of a shard.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/allocation_counter.hpp"
#include "tests/unit/server/clients/shard_fixture.hpp"

namespace signalbox {
namespace {

using test::FakeClient;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Numbered texts of 1 KiB.
std::vector<std::string> numbered(std::size_t count, std::size_t first = 0) {
  std::vector<std::string> texts;
  for (std::size_t i = first; i < first + count; ++i) {
    std::string text = std::to_string(i) + " ";
    text.resize(1024, 'x');
    texts.push_back(std::move(text));
  }
  return texts;
}

class QueueLimits : public test::ShardTest {
 protected:
  static constexpr test::Buffers kSmall{4 * 1024, 4 * 1024};
  static constexpr test::Buffers kLarge{200 * 1024, 200 * 1024};  // what every system allows

  static constexpr const char* kSlow = "signalbox_closes_total{code=\"4008\"}";

  [[nodiscard]] bool is_open() const { return metric(kSlow) < 1 && open_connections() == 1; }
};

TEST_F(QueueLimits, CloseAClientThatDoesNotRead) {
  config.limits.queue_bytes = 64 * 1024;
  const auto slow = open_registered(Mode::plain, "slow", kSmall);
  const auto control = open_registered(Mode::plain, "control");
  std::size_t sent = 0;
  for (; metric(kSlow) != 1; sent += 10) {
    ASSERT_LT(sent, 10'000u) << "a client that does not read is never closed";
    deliver("slow", numbered(10, sent));
    turn();
    EXPECT_LE(metrics.connection_queue_bytes.value(), 64 * 1024 + 256);
  }
  deliver("control", {"still here"});
  ASSERT_TRUE(run_until({control.get(), slow.get()}, [&] { return slow->ended() && !control->frames().empty(); }));
  EXPECT_THAT(control->texts(), ElementsAre("still here"));
  EXPECT_EQ(slow->closed(), "4008 too slow");
  const std::vector<std::string> got = slow->texts();
  EXPECT_LT(got.size(), sent);
  EXPECT_TRUE(got == numbered(got.size())) << "in order and whole up to the close";
  EXPECT_GT(metric("signalbox_dropped_total{queue=\"connection\"}"), 0);
}

/// Answers of six bytes, each of which takes eight times as much memory, and pongs, of which the last is enough.
TEST_F(QueueLimits, CloseAClientThatPingsAndDoesNotRead) {
  config.limits.queue_bytes = 64 * 1024;
  config.limits.messages_per_second = 0;
  const auto client = open_registered(Mode::plain, "alice", kSmall);
  std::string pings;
  for (int i = 0; i < 100; ++i) {
    websocket::append_masked_frame(pings, websocket::Opcode::ping, {}, 7);
    websocket::append_masked_frame(pings, websocket::Opcode::text, "ping", 7);
  }
  std::int64_t most = 0;
  for (int sent = 0; metric(kSlow) != 1; ++sent) {
    ASSERT_LT(sent, 1000) << "a client that pings and does not read is never closed";
    client->send_raw(pings);
    turn();
    most = std::max(most, metrics.connection_queue_bytes.value());
  }
  EXPECT_LE(most, 64 * 1024 + 256);
  EXPECT_LT(metric("signalbox_dropped_total{queue=\"connection\"}"), 64 * 1024 / 40) << "as many as there is room for";
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->ended(); }));
  EXPECT_EQ(client->closed(), "4008 too slow");
  EXPECT_TRUE(run_until({}, [&] { return metrics.connection_queue_bytes.value() == 0; }));
}

TEST_F(QueueLimits, AllowABatchThatTheSocketTakes) {
  config.limits.queue_bytes = 32 * 1024;
  const auto client = open_registered(Mode::plain, "alice", kLarge);
  const std::vector<std::string> batch = numbered(128);
  deliver("alice", batch);
  turn();
  EXPECT_TRUE(is_open());
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->texts().size() == batch.size() || client->ended(); }));
  EXPECT_TRUE(client->texts() == batch);
}

/// The socket was full, the client has read since, but the loop has not come to say so before the next batch.
TEST_F(QueueLimits, AllowABatchThatTheSocketTakesAgain) {
  config.limits.queue_bytes = 32 * 1024;
  const auto client = open_registered(Mode::plain, "alice", kLarge);
  std::size_t sent = 0;
  while (metrics.connection_queue_bytes.value() == 0) {
    deliver("alice", numbered(1, sent++));
    turn();
    ASSERT_LT(sent, 10'000u);
  }
  ASSERT_TRUE(is_open());
  while (client->texts().size() + 64 < sent) client->read();
  deliver("alice", numbered(100, sent));
  turn();
  EXPECT_TRUE(is_open());
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->texts().size() == sent + 100 || client->ended(); }));
  EXPECT_TRUE(client->texts() == numbered(sent + 100));
}

TEST_F(QueueLimits, CountWhatWaitsWhenAClientVanishes) {
  const auto client = open_registered(Mode::plain, "alice", kSmall);
  for (std::size_t sent = 0; metrics.connection_queue_bytes.value() < 10 * 1024; sent += 10) {
    deliver("alice", numbered(10, sent));
    turn();
  }
  client->disconnect();
  ASSERT_TRUE(run_until({}, [&] { return open_connections() == 0; }));
  EXPECT_TRUE(run_until({}, [&] { return metrics.connection_queue_bytes.value() == 0; }));
  EXPECT_GE(metric("signalbox_dropped_total{queue=\"connection\"}"), 10);
  EXPECT_EQ(metric("signalbox_closes_total{code=\"1006\"}"), 1);
}

TEST_F(QueueLimits, CloseTheLargestOfAllQueues) {
  config.limits.queue_total_bytes = 1100 * 1024;
  const auto small = open_registered(Mode::plain, "small", kSmall);
  const auto middle = open_registered(Mode::plain, "middle", kSmall);
  const auto large = open_registered(Mode::plain, "large", kSmall);
  deliver("small", numbered(200));
  deliver("middle", numbered(300));
  deliver("large", numbered(500));
  ASSERT_TRUE(run_until({}, [&] { return metrics.connection_queue_bytes.value() > 900 * 1024; }));
  const auto ticks = shard().wheel().now() + 5;
  ASSERT_TRUE(run_until({}, [&] { return shard().wheel().now() > ticks; }));
  EXPECT_EQ(metric(kSlow), -1) << "within the limit";

  deliver("small", numbered(150, 200));  // the one who makes it too much is not the one who has to go
  ASSERT_TRUE(run_until({}, [&] { return metric(kSlow) == 1; }));
  EXPECT_LE(metrics.connection_queue_bytes.value(), 1100 * 1024);
  EXPECT_GT(metric("signalbox_dropped_total{queue=\"connection\"}"), 400);
  deliver("small", {"after"});
  deliver("middle", {"after"});
  ASSERT_TRUE(run_until({small.get(), middle.get(), large.get()}, [&] {
    return small->texts().size() == 351 && middle->texts().size() == 301 && large->closed() != "";
  }));
  EXPECT_EQ(large->closed(), "4008 too slow");
  EXPECT_EQ(metric(kSlow), 1);
}

/// A binary frame of 60 KiB, of which the first `bytes` are there.
std::string begun(std::size_t bytes) {
  std::string frame;
  websocket::append_masked_frame(frame, websocket::Opcode::binary, std::string(60 * 1024, 'x'), 7);
  return frame.substr(0, bytes);
}

TEST_F(QueueLimits, CountWhatHasComeOfAMessage) {
  const auto inbound = [&] { return metric("signalbox_queue_bytes{queue=\"inbound\"}"); };
  const auto client = open_registered(Mode::plain, "alice");
  const auto vanishing = open_registered(Mode::plain, "bob");
  EXPECT_EQ(inbound(), 0);
  client->send_raw(begun(30 * 1024));
  vanishing->send_raw(begun(20 * 1024));
  EXPECT_TRUE(run_until({}, [&] { return inbound() >= 49 * 1024; }));
  EXPECT_LE(inbound(), 70 * 1024) << "what holds them grows by doubling";
  vanishing->disconnect();
  EXPECT_TRUE(run_until({}, [&] { return inbound() <= 35 * 1024; }));
  client->send_raw(begun(61 * 1024).substr(30 * 1024));
  EXPECT_TRUE(run_until({}, [&] { return metrics.ignored_messages.value() == 1; }));
  EXPECT_EQ(inbound(), 0);
}

TEST_F(QueueLimits, CloseTheClientOfWhoseMessageMostIsHeld) {
  config.limits.queue_total_bytes = 64 * 1024;
  const auto small = open_registered(Mode::plain, "small");
  const auto large = open_registered(Mode::plain, "large");
  small->send_raw(begun(30 * 1024));
  ASSERT_TRUE(run_until({}, [&] { return metrics.inbound_queue_bytes.value() >= 29 * 1024; }));
  const auto ticks = shard().wheel().now() + 5;
  ASSERT_TRUE(run_until({}, [&] { return shard().wheel().now() > ticks; }));
  EXPECT_EQ(metric(kSlow), -1) << "within the limit";
  large->send_raw(begun(50 * 1024));
  ASSERT_TRUE(run_until({large.get()}, [&] { return large->closed() != ""; }));
  EXPECT_EQ(large->closed(), "4008 too slow");
  EXPECT_LE(metrics.inbound_queue_bytes.value(), 35 * 1024) << "freed before the client has answered";

  large->send_raw(begun(61 * 1024).substr(50 * 1024) + begun(40 * 1024));
  small->send_raw(begun(61 * 1024).substr(30 * 1024));
  ASSERT_TRUE(run_until({}, [&] { return metrics.ignored_messages.value() == 1; }));
  EXPECT_LE(metrics.inbound_queue_bytes.value(), 2 * 1024) << "kept of a client that has been closed";
  EXPECT_EQ(small->closed(), "");
}

TEST_F(QueueLimits, DropTheNewestOnTheirWayToAShardAndTellAGap) {
  config.limits.handover_bytes = 10 * 1024;
  const auto plain = open_registered(Mode::plain, "alice");
  const auto envelope = open_registered(Mode::envelope, "alice");
  const auto other = open_registered(Mode::envelope, "bob");
  deliver("alice", numbered(60));
  deliver("alice", numbered(40, 60));
  EXPECT_GT(metrics.handover_queue_bytes.value(), 9 * 1024);
  EXPECT_LE(metrics.handover_queue_bytes.value(), 10 * 1024);
  const double dropped = metric("signalbox_dropped_total{queue=\"handover\"}");
  ASSERT_GT(dropped, 90);
  ASSERT_LT(dropped, 100);
  const auto kept = 100 - static_cast<std::size_t>(dropped);

  ASSERT_TRUE(run_until({plain.get(), envelope.get(), other.get()},
                        [&] { return plain->texts().size() == kept && envelope->texts().size() == kept + 2; }));
  EXPECT_TRUE(plain->texts() == numbered(kept)) << "the oldest are kept, and plain mode knows no gaps";
  EXPECT_EQ(envelope->texts().back(), R"({"type":"gap","reason":"limits.handover_bytes reached"})");
  EXPECT_EQ(metrics.gaps.value(), 1u);
  EXPECT_EQ(metrics.handover_queue_bytes.value(), 0);

  deliver("alice", {"after"});
  ASSERT_TRUE(run_until({plain.get()}, [&] { return plain->texts().back() == "after"; })) << "there is room again";
  other->read();
  EXPECT_EQ(other->texts().size(), 1u) << "a gap of others is none of bob's";
}

TEST_F(QueueLimits, TellTheGapThoughEveryMessageWasDropped) {
  config.limits.handover_bytes = 100;
  const auto client = open_registered(Mode::envelope, "alice");
  deliver("alice", numbered(1));
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->texts().size() == 2; }));
  EXPECT_THAT(client->texts().back(), HasSubstr("\"gap\""));
}

TEST_F(QueueLimits, ObeyAnOrderToDisconnectForWhichThereIsNoRoom) {
  config.limits.handover_bytes = 1100;  // one message, and nothing beside it
  const auto alice = open_registered(Mode::plain, "alice");
  const auto bob = open_registered(Mode::plain, "bob");
  deliver("alice", numbered(20));
  for (int i = 0; i < 2; ++i) dispatcher.disconnect(1, "alice");
  ASSERT_TRUE(run_until({alice.get(), bob.get()}, [&] { return alice->closed() != ""; }));
  EXPECT_EQ(alice->closed(), "4003 disconnected by the back end");
  EXPECT_TRUE(alice->texts() == numbered(1)) << "what had come before goes first";
  EXPECT_EQ(metrics.handover_queue_bytes.value(), 0);
  EXPECT_EQ(bob->closed(), "");
}

TEST_F(QueueLimits, WakeTheShardOnceForABatch) {
  const auto client = open_registered(Mode::plain, "alice");
  turn();
  deliver("alice", numbered(50));
  deliver("alice", numbered(50, 50));
  EXPECT_LE(shard().io().poll_one(), 1u);
  client->read();
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->texts().size() == 100; }));
  EXPECT_TRUE(client->texts() == numbered(100));
}

TEST_F(QueueLimits, TellEverybodyAGapWhereThereIsNoMemoryForAMessage) {
  const auto alice = open_registered(Mode::envelope, "alice");
  const auto bob = open_registered(Mode::envelope, "bob");
  deliver("alice", {"lost"});
  test::fail_next_allocation();
  turn();
  for (FakeClient* client : {alice.get(), bob.get()}) {
    ASSERT_TRUE(run_until({client}, [&] { return client->texts().size() == 2; }));
    EXPECT_EQ(client->texts()[1], R"({"type":"gap","reason":"a message was lost within the server"})");
  }
  deliver("alice", {"next"});
  ASSERT_TRUE(run_until({alice.get()}, [&] { return alice->texts().size() == 3; }));
  EXPECT_EQ(alice->texts()[2], R"({"type":"message","data":"next"})");
  EXPECT_EQ(metric("signalbox_gaps_total"), 1);
}

}  // namespace
}  // namespace signalbox
