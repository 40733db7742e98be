#include "server/clients/send_queue.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using Pieces = std::array<iovec, SendQueue::kWritePieces>;

Frame::Ptr frame_of(std::size_t payload, char fill = 'x') {
  return Frame::own(websocket::Opcode::binary, std::string(payload, fill));
}

/// What the next write would carry.
std::string gathered(const SendQueue& queue) {
  Pieces pieces;
  const std::size_t count = queue.gather(pieces);
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_GT(pieces[i].iov_len, 0u);
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  return bytes;
}

TEST(SendQueue, GathersNothingWhenEmpty) {
  SendQueue queue;
  Pieces pieces;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.gather(pieces), 0u);
}

TEST(SendQueue, ResumesInTheMiddleOfAFrameWhereverTheWriteEnded) {
  const Frame::Ptr first = frame_of(3, 'a');
  const Frame::Ptr second = frame_of(4, 'b');
  const std::string all = std::string(first->wire()) + std::string(second->wire());
  for (std::size_t written = 0; written <= all.size(); ++written) {
    SendQueue queue;
    queue.push(first);
    queue.push(second);
    queue.consume(written);
    EXPECT_EQ(gathered(queue), all.substr(written)) << written;
    EXPECT_EQ(queue.bytes(), all.size() - written + queue.frames() * SendQueue::kFrameOverhead);
    EXPECT_EQ(queue.frames(), written < first->wire().size() ? 2u : written < all.size() ? 1u : 0u) << written;
    EXPECT_EQ(queue.empty(), written == all.size());
  }
}

TEST(SendQueue, GivesOneWriteAtMost64PiecesAnd64KiB) {
  SendQueue small;
  for (int i = 0; i < 100; ++i) small.push(frame_of(1));
  Pieces pieces;
  EXPECT_EQ(small.gather(pieces), SendQueue::kWritePieces);
  for (const std::size_t payload : {1000u, 40'000u, 65'000u, 70'000u, 300'000u}) {
    SendQueue queue;
    std::size_t left = 0;
    for (int i = 0; i < 5; ++i) {
      queue.push(frame_of(payload));
      left += payload + (payload < 65536 ? 4 : 10);
    }
    const std::string bytes = gathered(queue);
    EXPECT_LE(bytes.size(), SendQueue::kWriteBytes) << payload;
    EXPECT_EQ(bytes.size(), std::min(left, SendQueue::kWriteBytes)) << payload << ": no less than there is room for";
  }
}

/// Against a plain string of all bytes that should still come out.
TEST(SendQueue, LosesAndRepeatsNothingWhateverIsWritten) {
  std::mt19937 random(20480);
  SendQueue queue;
  std::string model;
  std::size_t frames_pushed = 0;
  for (int step = 0; step < 20'000; ++step) {
    // Phases that fill and phases that drain, so that the array both grows and moves to its front.
    const bool filling = (step / 500) % 2 == 0;
    if (random() % 10 < (filling ? 7u : 2u)) {
      const std::size_t payload = random() % 100 == 0 ? 60'000 + random() % 10'000 : random() % 200;
      const Frame::Ptr frame = frame_of(payload, static_cast<char>('a' + frames_pushed++ % 26));
      model += frame->wire();
      queue.push(frame);
    } else {
      const std::string bytes = gathered(queue);
      ASSERT_EQ(bytes.empty(), model.empty());
      ASSERT_TRUE(model.starts_with(bytes)) << step;
      const std::size_t written = bytes.empty() ? 0 : random() % 3 == 0 ? bytes.size() : random() % (bytes.size() + 1);
      queue.consume(written);
      model.erase(0, written);
    }
    ASSERT_EQ(queue.bytes(), model.size() + queue.frames() * SendQueue::kFrameOverhead);
    ASSERT_EQ(queue.empty(), model.empty());
  }
  EXPECT_GT(frames_pushed, 5000u);
}

TEST(SendQueue, DropsAllButWhatIsWrittenInPart) {
  SendQueue queue;
  EXPECT_EQ(queue.drop_unwritten(), 0u);
  for (int i = 0; i < 5; ++i) queue.push(frame_of(10, 'a'));
  queue.consume(12 + 5);  // the first and five bytes of the second
  EXPECT_EQ(queue.drop_unwritten(), 3u);
  EXPECT_EQ(queue.bytes(), 7u + SendQueue::kFrameOverhead);
  EXPECT_EQ(queue.frames(), 1u);
  queue.push(frame_of(1, 'z'));
  EXPECT_EQ(gathered(queue), std::string(7, 'a') + "\x82\x01z");
}

TEST(SendQueue, DropsAllAtTheBorderOfAFrame) {
  SendQueue queue;
  for (int i = 0; i < 5; ++i) queue.push(frame_of(10));
  queue.consume(24);
  EXPECT_EQ(queue.drop_unwritten(), 3u);
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, ReplacesAPongThatIsTheLastOfSeveral) {
  const auto pong = [](const char* payload) { return Frame::own(websocket::Opcode::pong, payload); };
  SendQueue queue;
  queue.push(pong("a"));
  EXPECT_FALSE(queue.replace_last_pong(pong("b"))) << "part of it may be on its way";
  queue.push(pong("c"));
  EXPECT_TRUE(queue.replace_last_pong(pong("longer")));
  EXPECT_EQ(gathered(queue),
            "\x8a\x01"
            "a\x8a\x06longer");
  EXPECT_EQ(queue.bytes(), 3 + 8 + 2 * SendQueue::kFrameOverhead);
  queue.push(frame_of(1, 'm'));
  EXPECT_FALSE(queue.replace_last_pong(pong("d"))) << "a message is not lost for a pong";
}

TEST(SendQueuePool, GivesBackQueuesEmpty) {
  SendQueuePool pool;
  std::unique_ptr<SendQueue> queue = pool.take();
  const SendQueue* raw = queue.get();
  queue->push(frame_of(10));
  queue->consume(3);
  pool.give_back(std::move(queue));
  queue = pool.take();
  EXPECT_EQ(queue.get(), raw) << "the same one, without an allocation";
  EXPECT_TRUE(queue->empty());
  queue->push(frame_of(1, 'z'));
  EXPECT_EQ(gathered(*queue), "\x82\x01z");
}

}  // namespace
}  // namespace signalbox
