// That the echo server is what the cases take it for.
#include <gtest/gtest.h>

#include "tests/rfc6455/echo_instance.hpp"

namespace signalbox::test {
namespace {

TEST(EchoServer, GivesBackTextAsTextAndBinaryAsBinary) {
  EchoInstance instance;
  WebSocketClient client(instance.port());
  client.send("Hello");
  const std::optional<WebSocketMessage> text = client.next();
  ASSERT_TRUE(text);
  EXPECT_EQ(text->payload, "Hello");
  EXPECT_TRUE(text->is_text);
  client.send_binary(std::string("\x00\xff", 2));
  const std::optional<WebSocketMessage> binary = client.next();
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->payload, std::string("\x00\xff", 2));
  EXPECT_FALSE(binary->is_text);
}

}  // namespace
}  // namespace signalbox::test
