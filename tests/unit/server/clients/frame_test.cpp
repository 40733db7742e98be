#include "server/clients/frame.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using namespace std::string_literals;
using websocket::Opcode;

TEST(Frame, GoesOverTheWireWithTheShortestLength) {
  const std::pair<std::size_t, std::string> borders[] = {
      {0, "\x81\x00"s},
      {1, "\x81\x01"s},
      {125, "\x81\x7D"s},
      {126, "\x81\x7E\x00\x7E"s},
      {65535, "\x81\x7E\xFF\xFF"s},
      {65536, "\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s},
  };
  for (const auto& [size, header] : borders) {
    const std::string payload(size, 'x');
    const Frame::Ptr frame = Frame::message("alice", payload, true);
    EXPECT_TRUE(frame->wire() == header + payload) << size;
    EXPECT_TRUE(frame->payload() == payload) << size;
    EXPECT_EQ(frame->user_key(), "alice");
    EXPECT_GE(frame->bytes(), 5 + header.size() + size);
  }
}

TEST(Frame, IsTextOnlyIfItIsUtf8) {
  EXPECT_EQ(Frame::message("a", "\xC3\xA4", true)->wire(), "\x81\x02\xC3\xA4");
  EXPECT_TRUE(Frame::message("a", "\xC3\xA4", true)->is_text());
  const Frame::Ptr claimed = Frame::message("a", "\xC3\x28", true);
  EXPECT_EQ(claimed->wire(), "\x82\x02\xC3\x28");
  EXPECT_FALSE(claimed->is_text());
  EXPECT_EQ(Frame::message("a", "hi", false)->wire(), "\x82\x02hi");
}

TEST(Frame, OfOneConnectionHasNoUser) {
  const Frame::Ptr pong = Frame::own(Opcode::pong, "x\0y"s);
  EXPECT_EQ(pong->wire(), "\x8A\x03x\0y"s);
  EXPECT_EQ(pong->user_key(), "");
}

TEST(Frame, CopiesWhatItIsMadeOf) {
  std::string key = "alice";
  std::string payload = "hello";
  const Frame::Ptr frame = Frame::message(key, payload, true);
  key.assign(5, '!');
  payload.assign(5, '!');
  EXPECT_EQ(frame->user_key(), "alice");
  EXPECT_EQ(frame->payload(), "hello");
}

/// Sanitizers see it if the count, shared by threads, ever frees a frame twice, never or too early.
TEST(Frame, LivesAsLongAsAnyThreadHoldsIt) {
  for (int round = 0; round < 200; ++round) {
    Frame::Ptr frame = Frame::message("alice", "hello", true);
    std::vector<std::thread> threads;
    std::vector<int> intact(4, 0);
    for (int& result : intact) {
      threads.emplace_back([&result, mine = frame] {
        for (int i = 0; i < 100; ++i) {
          const std::vector<Frame::Ptr> copies(3, mine);
          result += copies.back()->payload() == "hello" ? 1 : 0;
        }
      });
    }
    frame.reset();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(intact, std::vector<int>(4, 100));
  }
}

}  // namespace
}  // namespace signalbox
