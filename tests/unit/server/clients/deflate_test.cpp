// A shard's connections with permessage-deflate: who gets and may send what.
#include <memory>
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
using websocket::Event;
using websocket::Opcode;

class ShardWithDeflate : public test::ShardTest {
 protected:
  ShardWithDeflate() { config.server.permessage_deflate = true; }

  static std::string frame(unsigned char first, std::string_view payload) {
    std::string bytes;
    websocket::append_masked_frame(bytes, Opcode::text, payload, 0x01020304);
    bytes[0] = static_cast<char>(first);
    return bytes;
  }
  std::unique_ptr<FakeClient> open_deflating(std::string_view user, Mode mode = Mode::plain) {
    auto [socket, client] = connected_pair();
    Connection::Opening opening;
    opening.mode = mode;
    if (!user.empty()) opening.user_name = std::string(user);
    opening.deflate_window_bits = 15;
    Connection::open(shard(), std::move(socket), std::move(opening));
    broker.answer();
    turn();
    return std::move(client);
  }
};

TEST_F(ShardWithDeflate, RegistersByACompressedMessage) {
  const auto client = open_deflating("");
  const std::optional<std::string> text = MessageDeflate().deflate(R"({"user_name":"alicealicealicealicealicealice"})");
  ASSERT_TRUE(text);
  client->send_raw(frame(0xC1, *text));
  ASSERT_TRUE(run_until({client.get()}, [&] { return !broker.calls.empty(); }));
  EXPECT_THAT(broker.calls, ElementsAre("+alicealicealicealicealicealice"));
}

TEST_F(ShardWithDeflate, DeflatesForThoseWhoHaveNegotiatedIt) {
  const auto phone = open_deflating("alice");
  const auto tab = open_deflating("alice", Mode::envelope);
  const auto old = open_registered(Mode::plain, "alice");
  const std::string large(1000, 'a');
  deliver("alice", {large, "small"});
  ASSERT_TRUE(run_until({phone.get(), tab.get(), old.get()},
                        [&] { return phone->frames().size() == 2 && tab->frames().size() == 3 && old->frames().size() == 2; }));
  EXPECT_TRUE(phone->frames()[0].compressed);
  EXPECT_EQ(phone->frames()[0].payload, MessageDeflate().deflate(large));
  EXPECT_EQ(phone->frames()[1], (FakeClient::Frame{Event::Kind::text, "small"}));
  EXPECT_FALSE(tab->frames()[0].compressed) << "registered";
  EXPECT_TRUE(tab->frames()[1].compressed);
  EXPECT_EQ(tab->frames()[1].payload, MessageDeflate().deflate(R"({"type":"message","data":")" + large + "\"}"));
  EXPECT_EQ(old->frames()[0], (FakeClient::Frame{Event::Kind::text, large}));
  EXPECT_EQ(metrics.delivered.value(), 6u);
}

TEST_F(ShardWithDeflate, HoldsNothingMoreForAConnection) {
  constexpr std::size_t kCount = 64;
  // The second round finds Asio's descriptor states, and whatever else is made once, ready.
  for (int round = 0; round < 2; ++round) {
    std::vector<Socket> accepted;
    std::vector<std::unique_ptr<FakeClient>> clients;
    for (std::size_t i = 0; i < kCount; ++i) {
      auto [socket, client] = connected_pair();
      accepted.push_back(std::move(socket));
      clients.push_back(std::move(client));
    }
    Connection::Opening opening;
    opening.deflate_window_bits = 15;
    const std::size_t before = test::allocations();
    for (Socket& socket : accepted) Connection::open(shard(), std::move(socket), opening);
    if (round == 1) {
      EXPECT_EQ(test::allocations() - before, kCount) << "the connections themselves";
    }
    clients.clear();
    ASSERT_TRUE(run_until({}, [&] { return open_connections() == 0; }));
  }
}

TEST_F(ShardWithDeflate, CountsWhatIsOnTheWireAgainstTheQueue) {
  config.limits.queue_bytes = 8 * 1024;
  config.limits.message_bytes = 1024 * 1024;
  const auto client = open_deflating("alice");
  deliver("alice", {std::string(1024 * 1024, 'a')});
  ASSERT_TRUE(run_until({client.get()}, [&] { return !client->frames().empty(); }));
  EXPECT_TRUE(client->frames()[0].compressed);
  EXPECT_EQ(client->closed(), "");
}

TEST_F(ShardWithDeflate, ClosesWhatCanNotBeInflated) {
  const std::string zeros(10'000'000, '\0');
  const std::optional<std::string> bomb = MessageDeflate().deflate(zeros);
  ASSERT_TRUE(bomb && bomb->size() < 64 * 1024);
  const auto control = open_registered(Mode::plain, "control");
  const std::pair<std::string, const char*> cases[] = {
      {frame(0xC2, *bomb), "1009 message too big"},
      {frame(0xC1, "\xFF\xFF"), "1007 not a deflated message"},
      {frame(0xC1, std::string_view("\x00\x01\x00\xFE\xFF\xFF\x00", 7)), "1007 text is not UTF-8"},
      {frame(0x41, "\xF2") + frame(0xC0, "\xFF"), "1002 reserved bits are set"},
      {frame(0xC9, ""), "1002 reserved bits are set"},
  };
  for (const auto& [bytes, end] : cases) {
    const auto client = open_deflating("");
    client->send_raw(bytes + frame(0x81, "ping"));  // what comes behind it is not answered
    ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; })) << end;
    EXPECT_EQ(client->closed(), end);
    EXPECT_EQ(client->frames().size(), 1u);
  }
  control->send_text("ping");
  ASSERT_TRUE(run_until({control.get()}, [&] { return !control->frames().empty(); }));
  EXPECT_THAT(control->texts(), ElementsAre("pong"));
}

/// 64 KiB of one character are 70 bytes on the wire: what they cost counts, not what they were.
TEST_F(ShardWithDeflate, CountsAMessageByWhatItInflatesTo) {
  config.limits.messages_per_second = 4;  // forty in ten seconds
  const std::string large = frame(0xC1, *MessageDeflate().deflate(std::string(64 * 1024, 'x')));
  const std::string small = frame(0xC1, *MessageDeflate().deflate(std::string(1024, 'x')));
  const auto loud = open_deflating("loud");
  const auto quiet = open_deflating("quiet");
  for (int i = 0; i < 30; ++i) quiet->send_raw(small);
  quiet->send_text("ping");
  for (int i = 0; i < 2; ++i) loud->send_raw(large);
  loud->send_text("ping");
  ASSERT_TRUE(run_until({loud.get(), quiet.get()}, [&] { return !loud->frames().empty() && !quiet->frames().empty(); }));
  EXPECT_EQ(loud->closed(), "");
  for (int i = 0; i < 2; ++i) loud->send_raw(large);
  ASSERT_TRUE(run_until({loud.get(), quiet.get()}, [&] { return loud->closed() != ""; }));
  EXPECT_EQ(loud->closed(), "1008 limits.messages_per_second reached");
  EXPECT_EQ(quiet->closed(), "");
}

/// However much its messages inflate to, others get their turn after some of them.
TEST_F(ShardWithDeflate, InflatesSomeMessagesATurn) {
  config.limits.messages_per_second = 0;
  const std::string large = frame(0xC1, *MessageDeflate().deflate(std::string(64 * 1024, 'x')));
  ASSERT_LT(large.size(), 512u);
  const auto talker = open_deflating("talker");
  const std::uint64_t before = metrics.ignored_messages.value();
  const auto handled = [&] { return metrics.ignored_messages.value() - before; };
  std::string frames;
  for (int i = 0; i < 200; ++i) frames += large;
  talker->send_raw(frames);
  while (handled() == 0) ASSERT_EQ(shard().io().run_one_for(std::chrono::seconds(10)), 1u);
  EXPECT_LE(handled(), 2048 / large.size());
  EXPECT_TRUE(run_until({talker.get()}, [&] { return handled() == 200; }));
}

TEST_F(ShardWithDeflate, RefusesCompressedMessagesOfWhoHasNotNegotiatedIt) {
  const auto client = open(Mode::plain);
  client->send_raw(frame(0xC1, "\x00"));
  ASSERT_TRUE(run_until({client.get()}, [&] { return client->closed() != ""; }));
  EXPECT_THAT(client->closed(), HasSubstr("1002 "));
}

}  // namespace
}  // namespace signalbox
