// The upgrade request on server.listen: what is refused, how, and that the connection then ends.
#include <gtest/gtest.h>

#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

/// The request of upgrade_request() with one of its lines replaced.
std::string with_line(const std::string& line, const std::string& replacement) {
  std::string request = upgrade_request();
  const std::size_t at = request.find(line + "\r\n");
  return request.replace(at, line.size() + 2, replacement);
}

class Handshake : public testing::Test {
 protected:
  /// Sends a request, and gives the head of the answer once the server has closed the connection.
  std::string refusal(const std::string& request) {
    RawSocket socket(instance_.port());
    socket.send(request);
    EXPECT_TRUE(socket.read_to_end()) << "the server left the connection open after: " << socket.received();
    return socket.received();
  }
  void expect_refused(const std::string& request, const std::string& status) {
    const std::string answer = refusal(request);
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + status) << request.substr(0, 300);
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
  }

  Instance instance_;
};

TEST_F(Handshake, AnswersTheExampleOfTheRfc) {
  RawSocket socket(instance_.port());
  socket.send(upgrade_request());
  ASSERT_TRUE(socket.read_until("\r\n\r\n"));
  EXPECT_EQ(socket.received().substr(0, 12), "HTTP/1.1 101");
  EXPECT_NE(socket.received().find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  EXPECT_EQ(socket.received().find("Sec-WebSocket-Extensions"), std::string::npos);
}

TEST_F(Handshake, TakesHeaderNamesAndTokensInAnyCase) {
  RawWebSocket client(instance_.port());
  RawSocket socket(instance_.port());
  socket.send(
      "GET / HTTP/1.1\r\nhOST: x\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, UPGRADE\r\n"
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n");
  ASSERT_TRUE(socket.read_until("\r\n\r\n"));
  EXPECT_EQ(socket.received().substr(0, 12), "HTTP/1.1 101");
}

TEST_F(Handshake, AsksForAnUpgradeWith426) {
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  expect_refused(request, "426");
  EXPECT_NE(refusal(request).find("Upgrade: websocket"), std::string::npos);
  expect_refused("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n", "426");
}

TEST_F(Handshake, NamesTheVersionItSpeaks) {
  const std::string answer = refusal(with_line("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12\r\n"));
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 426");
  EXPECT_NE(answer.find("Sec-WebSocket-Version: 13"), std::string::npos) << answer;
}

TEST_F(Handshake, RefusesKeysThatAreNotSixteenBytes) {
  const std::string line = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
  expect_refused(with_line(line, ""), "400");
  expect_refused(with_line(line, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n"), "400");
  expect_refused(with_line(line, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=!\r\n"), "400");
  expect_refused(with_line(line, line + "\r\n" + line + "\r\n"), "400");
}

TEST_F(Handshake, RefusesABodyOnTheUpgrade) { expect_refused(upgrade_request("/", "Content-Length: 5\r\n") + "hello", "400"); }

TEST_F(Handshake, RefusesOtherMethodsPathsAndVersions) {
  std::string post = upgrade_request();
  post.replace(0, 3, "POST");
  EXPECT_EQ(refusal(post).substr(0, 10), "HTTP/1.1 4");
  expect_refused(upgrade_request("/elsewhere"), "404");
  EXPECT_EQ(refusal("GET /api/v1/instance HTTP/1.1\r\nHost: x\r\n\r\n").substr(0, 12), "HTTP/1.1 404")
      << "the API is not on the clients' listener";
  std::string old = upgrade_request();
  old.replace(old.find("HTTP/1.1"), 8, "HTTP/1.0");
  EXPECT_EQ(refusal(old).substr(0, 7), "HTTP/1.");
}

TEST_F(Handshake, AcceptsManyFieldsBelowTheLimit) {
  std::string fields;
  for (int i = 0; i < 100; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
  RawWebSocket client(instance_.port(), {"/", fields, masked_frame(kText, "ping"), 0});
  const std::optional<RawFrame> pong = client.next();
  ASSERT_TRUE(pong);
  EXPECT_EQ(pong->payload, "pong");
}

TEST_F(Handshake, IsNotHurtByGarbage) {
  WebSocketClient alice = instance_.connect("alice");
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\x00\x01\x00", 7), std::string("\0\0\0\0\r\n\r\n", 8), std::string("GET\r\n\r\n")}) {
    RawSocket socket(instance_.port());
    socket.send(garbage);
    socket.finish();
    EXPECT_TRUE(socket.read_to_end());
  }
  EXPECT_TRUE(alice.answers_ping());
  EXPECT_TRUE(instance_.process().running());
}

TEST(HandshakeSettings, CutAHandshakeThatDoesNotCompleteInTime) {
  Instance instance(Settings{{"limits.handshake_timeout", "500ms"}});
  RawSocket silent(instance.port());
  RawSocket slow(instance.port());
  slow.send("GET / HTTP/1.1\r\n");
  // A byte now and then buys no time: the limit is for the whole.
  const auto started = std::chrono::steady_clock::now();
  while (!slow.read_to_end(100ms) && std::chrono::steady_clock::now() - started < scaled(kPatience)) slow.send("X");
  EXPECT_LT(std::chrono::steady_clock::now() - started, scaled(5s));
  EXPECT_TRUE(silent.read_to_end());
}

TEST(HandshakeSettings, LetOnlyAllowedOriginsIn) {
  Instance instance(Settings{{"server.allowed_origins", "[\"https://app.example.org\", \"*.example.com\"]"}});
  const auto status = [&](const std::string& origin) {
    try {
      const Headers headers = origin.empty() ? Headers{} : Headers{{"Origin", origin}};
      WebSocketClient client(instance.port(), {"/", {}, headers});
      return 101u;
    } catch (const HandshakeRefused& refused) {
      return refused.response.status;
    }
  };
  EXPECT_EQ(status(""), 101u) << "no Origin is no browser";
  EXPECT_EQ(status("https://app.example.org"), 101u);
  EXPECT_EQ(status("https://shop.example.com"), 101u);
  EXPECT_EQ(status("https://evil.test"), 403u);
  EXPECT_EQ(status("https://app.example.org.evil.test"), 403u);
  EXPECT_EQ(status("https://evilexample.com"), 403u);
  EXPECT_EQ(status("null"), 403u);
}

TEST(HandshakeSettings, RefuseClientsBeyondTheLimitUntilOneLeaves) {
  Instance instance(Settings{{"limits.connections", "3"}});
  WebSocketClient first = instance.connect("one");
  WebSocketClient second(instance.port());
  WebSocketClient third(instance.port());
  try {
    WebSocketClient fourth(instance.port());
    ADD_FAILURE() << "a fourth client got in";
  } catch (const HandshakeRefused& refused) {
    EXPECT_EQ(refused.response.status, 503u);
    EXPECT_FALSE(refused.response.header("retry-after").empty());
  }
  EXPECT_TRUE(first.answers_ping());
  third.close();
  EXPECT_TRUE(wait_until([&] {
    try {
      return WebSocketClient(instance.port()).answers_ping();
    } catch (const HandshakeRefused&) {
      return false;
    }
  }));
}

}  // namespace
}  // namespace signalbox::test
