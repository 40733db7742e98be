#include "bench/loadtest/message.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

TEST(LoadMessage, IsReadAsItWasWritten) {
  const LoadMessage written{Schedule::Clock::time_point(123'456'789'012ns), 1'234'567'890'123, 4'000'000'000, 77};
  std::string payload = "before";
  written.append_to(payload, 128);
  ASSERT_EQ(payload.size(), 6 + 128U);
  const auto read = LoadMessage::read(std::string_view(payload).substr(6));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->intended, written.intended);
  EXPECT_EQ(read->number, written.number);
  EXPECT_EQ(read->user, written.user);
  EXPECT_EQ(read->sequence, written.sequence);
}

TEST(LoadMessage, FitsIntoItsLeastSize) {
  std::string payload;
  LoadMessage{.intended = {}, .number = 5, .user = 6, .sequence = 7}.append_to(payload, LoadMessage::kLeastBytes);
  EXPECT_EQ(payload.size(), LoadMessage::kLeastBytes);
  EXPECT_EQ(LoadMessage::read(payload)->sequence, 7U);
}

TEST(LoadMessage, IsNothingElse) {
  std::string payload;
  LoadMessage{}.append_to(payload, 64);
  EXPECT_FALSE(LoadMessage::read(std::string_view(payload).substr(0, 47)));
  payload[20] = 'x';
  EXPECT_FALSE(LoadMessage::read(payload));
  EXPECT_FALSE(LoadMessage::read(""));
}

}  // namespace
}  // namespace signalbox::bench
