#include "tests/support/redis_filter.hpp"

#include <gtest/gtest.h>

namespace signalbox::test {
namespace {

const std::string kStream =
    "+OK\r\n*3\r\n$9\r\nsubscribe\r\n$5\r\nalice\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$5\r\nalice\r\n$4\r\na\r\nb\r\n:7\r\n"
    "*3\r\n$8\r\nsmessage\r\n$3\r\nbob\r\n$2\r\nhi\r\n+PONG\r\n";
const std::string kWithoutPush = "+OK\r\n*3\r\n$9\r\nsubscribe\r\n$5\r\nalice\r\n:1\r\n:7\r\n+PONG\r\n";

std::string passed(bool lose, std::size_t piece) {
  const FaultProxy::Filter filter = without_redis_messages_while(std::make_shared<std::atomic<bool>>(lose))();
  std::string result;
  for (std::size_t begin = 0; begin < kStream.size(); begin += piece) {
    result += filter(std::string_view(kStream).substr(begin, piece));
  }
  return result;
}

TEST(RedisFilter, LosesPushesOnlyHoweverTheStreamIsCut) {
  for (std::size_t piece = 1; piece <= kStream.size(); ++piece) EXPECT_EQ(passed(true, piece), kWithoutPush) << piece;
}

TEST(RedisFilter, PassesEverythingUntilToldTo) { EXPECT_EQ(passed(false, 3), kStream); }

TEST(RedisFilter, GivesUpWhatItHoldsWhenHealed) {
  const FaultProxy::Filter filter = without_redis_messages_while(std::make_shared<std::atomic<bool>>(true))();
  EXPECT_EQ(filter("*3\r\n$7\r\nmess"), "");
  EXPECT_EQ(filter({}), "*3\r\n$7\r\nmess");
}

}  // namespace
}  // namespace signalbox::test
