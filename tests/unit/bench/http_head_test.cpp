#include "bench/http_head.hpp"

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

TEST(HttpHead, HasStatusSizeAndLength) {
  const auto head = read_http_head("HTTP/1.1 503 Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 503);
  EXPECT_EQ(head->size, 63U);
  EXPECT_EQ(head->length, 2U);
}

TEST(HttpHead, IsAwaitedUntilItsEmptyLine) {
  EXPECT_FALSE(read_http_head(""));
  EXPECT_FALSE(read_http_head("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"));
}

TEST(HttpHead, NeedsNoLengthAndHasNoneThatIsNoNumber) {
  EXPECT_FALSE(read_http_head("HTTP/1.1 200 OK\r\n\r\nbody\r\nContent-Length: 4\r\n\r\n")->length);
  EXPECT_FALSE(read_http_head("HTTP/1.1 200 OK\r\nContent-Length: some\r\n\r\n")->length);
}

TEST(HttpHead, OfSomethingElseHasNoStatus) {
  EXPECT_EQ(read_http_head("SSH-2.0-x\r\n\r\n")->status, 0);
  EXPECT_EQ(read_http_head("HTTP/1.1 OK\r\n\r\n")->status, 0);
}

}  // namespace
}  // namespace signalbox::bench
