#include "brokers/redis/resp.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace signalbox::redis {
namespace {

using namespace std::string_literals;

TEST(Resp, EncodesAnyBytesWithTheirLength) {
  std::string out = "before";
  append_command(out, {"PUBLISH", std::string_view("a\r\n\0", 4), ""});
  EXPECT_EQ(out, "before*3\r\n$7\r\nPUBLISH\r\n$4\r\na\r\n\0\r\n$0\r\n\r\n"s);
}

TEST(Resp, DecodesReplies) {
  ReplyReader reader;
  Reply reply;
  ASSERT_TRUE(reader.feed("+OK\r\n-ERR no\r\n:42\r\n"));
  ReplyReader binary;
  ASSERT_TRUE(binary.feed(std::string_view("$3\r\na\0b\r\n", 9)));
  ASSERT_EQ(binary.next(reply), ReplyReader::Next::reply);
  EXPECT_EQ(text(*reply), std::string_view("a\0b", 3));
  ASSERT_EQ(reader.next(reply), ReplyReader::Next::reply);
  EXPECT_EQ(text(*reply), "OK");
  ASSERT_EQ(reader.next(reply), ReplyReader::Next::reply);
  EXPECT_EQ(reply->type, REDIS_REPLY_ERROR);
  EXPECT_EQ(text(*reply), "ERR no");
  ASSERT_EQ(reader.next(reply), ReplyReader::Next::reply);
  EXPECT_EQ(reply->integer, 42);
  EXPECT_EQ(text(*reply), "");
}

TEST(Resp, TakesANumberThatStandsThereWhole) {
  std::string_view bytes = ":0\r\n:1234567\r\nrest";
  EXPECT_EQ(take_number(bytes, ':'), 0U);
  EXPECT_EQ(take_number(bytes, ':'), 1234567U);
  EXPECT_EQ(take_number(bytes, ':'), std::nullopt);
  EXPECT_EQ(bytes, "rest");
  for (const std::string_view other : {"", ":", ":1", ":1\r", ":\r\n", ":-1\r\n", ":+1\r\n", ":01\r\n", ":1 \r\n", ":1\n",
                                       "$1\r\n", ":1234567890123456789\r\n"}) {
    bytes = other;
    EXPECT_EQ(take_number(bytes, ':'), std::nullopt) << other;
    EXPECT_EQ(bytes, other);
  }
}

TEST(Resp, TakesABulkStringThatStandsThereWhole) {
  std::string_view bytes = "$0\r\n\r\n$4\r\na\r\nb\r\nrest";
  EXPECT_EQ(take_bulk(bytes), "");
  EXPECT_EQ(take_bulk(bytes), "a\r\nb");
  EXPECT_EQ(bytes, "rest");
  for (const std::string_view other :
       {"$1\r\na\r", "$1\r\n", "$2\r\na\r\n", "$1\r\nab\r\n", "$-1\r\n", "$99999999999999999\r\na"}) {
    bytes = other;
    EXPECT_EQ(take_bulk(bytes), std::nullopt) << other;
    EXPECT_EQ(bytes, other);
  }
}

TEST(Resp, WaitsForTheRestOfAReply) {
  const std::string whole = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n";
  ReplyReader reader;
  Reply reply;
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    ASSERT_TRUE(reader.feed(whole.substr(i, 1)));
    ASSERT_EQ(reader.next(reply), ReplyReader::Next::incomplete);
  }
  ASSERT_TRUE(reader.feed("\n"));
  ASSERT_EQ(reader.next(reply), ReplyReader::Next::reply);
  EXPECT_EQ(text(*reply->element[2]), "hi");
}

TEST(Resp, TellsGarbageUntilReset) {
  ReplyReader reader;
  Reply reply;
  ASSERT_TRUE(reader.feed("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_EQ(reader.next(reply), ReplyReader::Next::garbage);
  EXPECT_NE(reader.error().find("Protocol error"), std::string_view::npos);
  reader.reset();
  ASSERT_TRUE(reader.feed("+OK\r\n"));
  EXPECT_EQ(reader.next(reply), ReplyReader::Next::reply);
}

TEST(Resp, TakesAnArrayOfNoReplyOfOursForGarbage) {
  ReplyReader reader;
  Reply reply;
  // It would wait for two thousand million elements, and take every later reply for one of them.
  ASSERT_TRUE(reader.feed("*2147483647\r\n+PONG\r\n"));
  EXPECT_EQ(reader.next(reply), ReplyReader::Next::garbage);
  reader.reset();
  ASSERT_TRUE(reader.feed("*1\r\n+PONG\r\n"));
  EXPECT_EQ(reader.next(reply), ReplyReader::Next::reply);
}

/// Feeds `count` bytes in pieces of kFeedBytes and looks for replies after each; false where one is not taken.
bool feed_many(ReplyReader& reader, std::size_t count) {
  const std::string piece(ReplyReader::kFeedBytes, 'x');
  Reply reply;
  for (; count > 0; count -= std::min(count, piece.size())) {
    if (!reader.feed(std::string_view(piece).substr(0, count))) return false;
    EXPECT_EQ(reader.next(reply), ReplyReader::Next::incomplete);
  }
  return true;
}

TEST(Resp, TakesTheLongestMessage) {
  constexpr std::size_t kLargestMessage = 64 * 1024 * 1024 + 32;
  ReplyReader reader;
  Reply reply;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(reader.feed("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$" + std::to_string(kLargestMessage) + "\r\n"));
    ASSERT_TRUE(feed_many(reader, kLargestMessage)) << "message " << i;
    ASSERT_TRUE(reader.feed("\r\n"));
    ASSERT_EQ(reader.next(reply), ReplyReader::Next::reply);
    EXPECT_EQ(reply->element[2]->len, kLargestMessage);
  }
}

TEST(Resp, TakesAReplyThatIsTooLongForGarbage) {
  for (const char* begin : {"$9999999999\r\n", "*2\r\n$3\r\nabc\r\n$9999999999\r\n"}) {
    ReplyReader reader;
    Reply reply;
    ASSERT_TRUE(reader.feed(begin));
    EXPECT_FALSE(feed_many(reader, ReplyReader::kLongestReply)) << begin;
    EXPECT_NE(reader.error().find("longer than any"), std::string_view::npos) << reader.error();
    reader.reset();
    ASSERT_TRUE(reader.feed("+OK\r\n"));
    EXPECT_EQ(reader.next(reply), ReplyReader::Next::reply);
  }
}

TEST(Resp, CountsTheStringsOfAnArrayTogether) {
  ReplyReader reader;
  Reply reply;
  const std::string element = "$16000\r\n" + std::string(16'000, 'x') + "\r\n";
  ASSERT_TRUE(reader.feed("*4096\r\n*4096\r\n"));
  std::size_t taken = 0;
  while (taken < 2 * ReplyReader::kLongestReply && reader.feed(element)) {
    ASSERT_NE(reader.next(reply), ReplyReader::Next::garbage);
    taken += element.size();
  }
  EXPECT_LE(taken, ReplyReader::kLongestReply);
}

}  // namespace
}  // namespace signalbox::redis
