// RFC 6455 against a peer that breaks it, byte by byte.
#include <gtest/gtest.h>

#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

class WebSocketProtocol : public testing::Test {
 protected:
  /// Sends bytes on a registered connection and gives the server's close code; checks that others are unharmed.
  unsigned code_for(const std::string& bytes) {
    RawWebSocket bad(instance_.port(), {"/?user_name=bad", {}, {}, 0});
    bad.socket().send(bytes);
    const unsigned code = bad.next_close().value_or(CloseReason{}).code;
    EXPECT_TRUE(bad.socket().read_to_end()) << "the server left the connection open";
    EXPECT_TRUE(good_.answers_ping());
    return code;
  }

  Instance instance_;
  WebSocketClient good_ = instance_.connect("good");
};

TEST_F(WebSocketProtocol, ClosesUnmaskedFramesWith1002) { EXPECT_EQ(code_for("\x81\x04ping"), 1002u); }

TEST_F(WebSocketProtocol, ClosesReservedBitsOpcodesAndBadControlFramesWith1002) {
  EXPECT_EQ(code_for(masked_frame(0xc1, "ping")), 1002u) << "RSV1 without an extension";
  EXPECT_EQ(code_for(masked_frame(0x83, "ping")), 1002u) << "reserved opcode";
  EXPECT_EQ(code_for(masked_frame(0x8b, "")), 1002u) << "reserved control opcode";
  EXPECT_EQ(code_for(masked_frame(0x09, "x")), 1002u) << "fragmented control frame";
  EXPECT_EQ(code_for(masked_frame(kPing, std::string(126, 'x'))), 1002u) << "control frame over 125 bytes";
  EXPECT_EQ(code_for(masked_frame(0x80, "x")), 1002u) << "continuation of nothing";
  EXPECT_EQ(code_for(masked_frame(0x01, "a") + masked_frame(kText, "b")), 1002u) << "new message inside a fragmented one";
  EXPECT_EQ(code_for(masked_frame(kClose, "x")), 1002u) << "close of one byte";
  EXPECT_EQ(code_for(masked_frame(kClose, std::string("\x03\xed", 2))), 1002u) << "close 1005, never sent";
}

TEST_F(WebSocketProtocol, ClosesALengthInMoreBytesThanItNeedsWith1002) {
  const std::string key = "\x01\x02\x03\x04";
  EXPECT_EQ(code_for(std::string("\x81\xfe\x00\x04", 4) + key + "ping"), 1002u);
  EXPECT_EQ(code_for(std::string("\x81\xff\x00\x00\x00\x00\x00\x00\x00\x04", 10) + key + "ping"), 1002u);
  EXPECT_EQ(code_for(std::string("\x81\xff\x80\x00\x00\x00\x00\x00\x00\x04", 10) + key), 1002u) << "top bit set";
}

TEST_F(WebSocketProtocol, ClosesTooLargeMessagesWith1009BeforeTheyAreThere) {
  const std::string head("\x82\xff\x00\x00\x00\x7f\xff\xff\xff\xff\x01\x02\x03\x04", 14);
  EXPECT_EQ(code_for(head), 1009u) << "the announced length is enough";
  std::string fragments = masked_frame(0x02, std::string(40000, 'a'));
  fragments += masked_frame(0x80, std::string(40000, 'a'));
  EXPECT_EQ(code_for(fragments), 1009u) << "the sum of the fragments counts";
}

TEST_F(WebSocketProtocol, ClosesTextThatIsNotUtf8With1007) {
  EXPECT_EQ(code_for(masked_frame(kText, "\xff")), 1007u);
  EXPECT_EQ(code_for(masked_frame(kText, "\xed\xa0\x80")), 1007u) << "a surrogate";
  EXPECT_EQ(code_for(masked_frame(kText, "\xe2\x82")), 1007u) << "cut in a character";
  EXPECT_EQ(code_for(masked_frame(0x01, "\xe2\x82") + masked_frame(0x80, "x")), 1007u) << "wrong across fragments";
  EXPECT_EQ(code_for(masked_frame(kClose, "\x03\xe8\xff")), 1007u) << "in a close reason";
}

TEST_F(WebSocketProtocol, AcceptsDataSentTogetherWithTheHandshake) {
  RawWebSocket eager(instance_.port(),
                     {"/", {}, masked_frame(kText, R"({"user_name":"eager"})") + masked_frame(kText, "ping"), 0});
  const std::optional<RawFrame> pong = eager.next();
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->payload, "pong");
  EXPECT_TRUE(wait_until([&] { return instance_.exists("eager"); }));
}

TEST_F(WebSocketProtocol, AcceptsFragmentsWithControlFramesBetween) {
  RawWebSocket client(instance_.port());
  client.send(0x01, "pi");
  client.send(kPing, "between");
  client.send(0x80, "ng");
  const std::optional<RawFrame> first = client.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first_byte, kPong);
  EXPECT_EQ(first->payload, "between");
  const std::optional<RawFrame> second = client.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->first_byte, kText);
  EXPECT_EQ(second->payload, "pong");
}

TEST_F(WebSocketProtocol, AcceptsAFrameOneByteAtATime) {
  RawWebSocket client(instance_.port());
  for (const char byte : masked_frame(kText, "ping")) ASSERT_TRUE(client.socket().send(std::string(1, byte)));
  const std::optional<RawFrame> pong = client.next();
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->payload, "pong");
}

TEST_F(WebSocketProtocol, AnswersTheCloseHandshakeAndEndsTheConnection) {
  RawWebSocket client(instance_.port(), {"/?user_name=bye", {}, {}, 0});
  client.send(kClose, std::string("\x03\xe8", 2) + "bye");
  const std::optional<CloseReason> end = client.next_close();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 1000u);
  EXPECT_TRUE(client.socket().read_to_end());
  EXPECT_TRUE(wait_until([&] { return !instance_.exists("bye"); }));
}

TEST_F(WebSocketProtocol, SurvivesAConnectionThatIsCutInAFrame) {
  {
    RawWebSocket client(instance_.port(), {"/?user_name=cut", {}, {}, 0});
    client.socket().send(masked_frame(kText, std::string(1000, 'x')).substr(0, 500));
    ASSERT_TRUE(wait_until([&] { return instance_.exists("cut"); }));
  }
  EXPECT_TRUE(wait_until([&] { return !instance_.exists("cut"); }));
  EXPECT_TRUE(good_.answers_ping());
}

TEST_F(WebSocketProtocol, CountsCloses) {
  EXPECT_EQ(code_for(masked_frame(kText, "\xff")), 1007u);
  EXPECT_EQ(instance_.metric("signalbox_closes_total", "code=\"1007\""), 1);
}

TEST(WebSocketPings, KeepAConnectionThatAnswersAndCloseOneThatDoesNot) {
  Instance instance(Settings{{"limits.ping_interval", "1s"}, {"limits.pong_timeout", "1s"}});
  WebSocketClient alive = instance.connect("alive");
  RawWebSocket dead(instance.port(), {"/?user_name=dead", {}, {}, 0});
  const std::optional<RawFrame> ping = dead.next();
  ASSERT_TRUE(ping);
  EXPECT_EQ(ping->first_byte, kPing);
  dead.send(kPong, "");  // which answers nothing
  EXPECT_EQ(alive.wait_closed(2500ms), std::nullopt);
  EXPECT_GE(alive.pings(), 1);
  const std::optional<CloseReason> end = dead.next_close();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 1011u);
  EXPECT_EQ(end->reason, "ping timeout");
  EXPECT_TRUE(alive.answers_ping());
}

}  // namespace
}  // namespace signalbox::test
