// Clients without a subprotocol: registration, payloads byte for byte, and nothing else.
#include <gtest/gtest.h>

#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

class PlainMode : public testing::Test {
 protected:
  WebSocketClient client(const std::string& target = "/") { return WebSocketClient(instance_.port(), {target, {}, {}}); }
  bool appears(const std::string& user) {
    return wait_until([&] { return instance_.exists(user); });
  }
  /// Sends `text` on a new connection and gives how the server closes it.
  CloseReason closes_on(const std::string& text) {
    WebSocketClient client = this->client();
    client.send(text);
    return client.wait_closed().value_or(CloseReason{});
  }

  Instance instance_;
};

TEST_F(PlainMode, AnswersPingBeforeAndAfterRegistration) {
  WebSocketClient alice = client();
  alice.send("ping");
  EXPECT_EQ(alice.next_payload(), "pong");
  alice.send(R"({"user_name": "Alice"})");
  alice.send("ping");
  EXPECT_EQ(alice.next_payload(), "pong");
}

TEST_F(PlainMode, RegistersByMessage) {
  WebSocketClient alice = client();
  alice.send(R"({"user_name": "Alice", "device": {"os": "x"}, "more": [1, 2]})");
  ASSERT_TRUE(appears("alice"));
  EXPECT_EQ(instance_.publish("alice", "hello").status, 200u);
  EXPECT_EQ(alice.next_payload(), "hello");
}

TEST_F(PlainMode, RegistersInTheUrlOnBothPaths) {
  WebSocketClient root = client("/?user_name=root");
  WebSocketClient ws = client("/ws?other=1&user_name=ws%20user");
  WebSocketClient plus = client("/?user_name=a+b");
  EXPECT_TRUE(appears("root"));
  EXPECT_TRUE(appears("ws user"));
  EXPECT_TRUE(appears("a b")) << "in a query a plus is a space";
  EXPECT_EQ(instance_.http().get("/api/v1/users/a+b").status, 404u) << "in a path a plus is a plus";
}

TEST_F(PlainMode, KnowsUsersByTheirLowerCaseName) {
  WebSocketClient alice = instance_.connect("\xc3\x84rger");  // Ärger
  EXPECT_TRUE(instance_.exists("\xc3\xa4RGER"));              // äRGER
  EXPECT_EQ(instance_.publish("\xc3\xa4rger", "found").status, 200u);
  EXPECT_EQ(alice.next_payload(), "found");
}

TEST_F(PlainMode, TakesTheSameNameAgainForNothingNew) {
  WebSocketClient alice = instance_.connect("alice");
  alice.send(R"({"user_name": "ALICE"})");
  EXPECT_TRUE(alice.answers_ping());
  EXPECT_EQ(instance_.publish("alice", "once").status, 200u);
  EXPECT_EQ(alice.next_payload(), "once");
  EXPECT_TRUE(alice.answers_ping());
  EXPECT_EQ(alice.next(0ms), std::nullopt);
}

TEST_F(PlainMode, ClosesOnAnotherName) {
  WebSocketClient alice = instance_.connect("alice");
  alice.send(R"({"user_name": "bob"})");
  EXPECT_EQ(alice.wait_closed().value_or(CloseReason{}).code, 1008u);
  EXPECT_FALSE(instance_.exists("bob"));
}

TEST_F(PlainMode, ClosesOnAFirstMessageThatIsNotJson) {
  for (const char* text : {"hello", "{", R"({"user_name": "alice")", ""}) {
    const CloseReason end = closes_on(text);
    EXPECT_EQ(end.code, 1008u) << text;
    EXPECT_FALSE(end.reason.empty()) << text;
  }
}

TEST_F(PlainMode, WaitsForAUserAfterJsonThatNamesNone) {
  WebSocketClient client = this->client();
  client.send(R"({"user": "alice"})");
  client.send(R"(["user_name"])");
  client.send(R"({"user_name": "alice"})");
  EXPECT_TRUE(appears("alice"));
  EXPECT_TRUE(client.answers_ping());
}

TEST_F(PlainMode, ClosesOnNamesThatAreNone) {
  EXPECT_EQ(closes_on(R"({"user_name": ""})").code, 1008u);
  EXPECT_EQ(closes_on(R"({"user_name": 7})").code, 1008u);
  EXPECT_EQ(closes_on(R"({"user_name": "a\u0000b"})").code, 1008u);
  EXPECT_EQ(closes_on(R"({"user_name": "\u0001control"})").code, 1008u);
  EXPECT_EQ(closes_on(R"({"user_name": "a\u0085b"})").code, 1008u) << "a control character beyond ASCII";
  EXPECT_EQ(closes_on(R"({"user_name": ")" + std::string(257, 'x') + "\"}").code, 1008u);
  WebSocketClient in_url = client("/?user_name=%FF%FE");
  EXPECT_EQ(in_url.wait_closed().value_or(CloseReason{}).code, 1008u) << "not UTF-8";
}

TEST_F(PlainMode, AcceptsANameOfExactly256Bytes) {
  const std::string name(256, 'x');
  WebSocketClient client = instance_.connect(name);
  EXPECT_EQ(instance_.publish(name, "long").status, 200u);
  EXPECT_EQ(client.next_payload(), "long");
}

TEST_F(PlainMode, DeliversPayloadsByteForByte) {
  WebSocketClient alice = instance_.connect("alice");
  const std::string text = "{\"a\" : 1}\n \xf0\x9f\x9a\x86";
  EXPECT_EQ(instance_.publish("alice", text).status, 200u);
  std::optional<WebSocketMessage> message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, text);
  EXPECT_TRUE(message->is_text);

  std::string bytes;
  for (int i = 0; i < 60000; ++i) bytes.push_back(static_cast<char>(i * 31));
  EXPECT_EQ(instance_.publish("alice", bytes, {{"Content-Type", "application/octet-stream"}}).status, 200u);
  message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, bytes);
  EXPECT_FALSE(message->is_text);

  EXPECT_EQ(instance_.publish("alice", "").status, 200u);
  message = alice.next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, "");
}

TEST_F(PlainMode, IgnoresWhatMeansNothingFromARegisteredClient) {
  WebSocketClient alice = instance_.connect("alice");
  alice.send("hello?");
  alice.send(R"({"type":"register"})");
  alice.send_binary(std::string("\0\1\2", 3));
  EXPECT_TRUE(alice.answers_ping());
  EXPECT_TRUE(instance_.exists("alice"));
}

TEST_F(PlainMode, ForgetsAUserAfterTheUnsubscribeDelay) {
  WebSocketClient alice = instance_.connect("alice");
  alice.close();
  EXPECT_TRUE(wait_until([&] { return !instance_.exists("alice"); }));
  EXPECT_EQ(instance_.metric("signalbox_connections"), 0);
}

TEST(PlainModeSettings, CloseAClientThatDoesNotRegisterInTime) {
  Instance instance(Settings{{"limits.register_timeout", "300ms"}});
  WebSocketClient silent(instance.port());
  WebSocketClient chatty(instance.port());
  WebSocketClient registered = instance.connect("alice");
  EXPECT_TRUE(chatty.answers_ping()) << "a ping is no registration";
  EXPECT_EQ(silent.wait_closed().value_or(CloseReason{}).code, 1008u);
  EXPECT_EQ(chatty.wait_closed().value_or(CloseReason{}).code, 1008u);
  EXPECT_TRUE(registered.answers_ping());
}

TEST(PlainModeSettings, MakeNamesCaseSensitive) {
  Instance instance(Settings{{"users.case_sensitive", "true"}});
  WebSocketClient upper = instance.connect("Alice");
  WebSocketClient lower = instance.connect("alice");
  EXPECT_FALSE(instance.exists("ALICE"));
  EXPECT_EQ(instance.publish("Alice", "for the upper").status, 200u);
  EXPECT_EQ(upper.next_payload(), "for the upper");
  EXPECT_TRUE(lower.answers_ping());
  EXPECT_EQ(lower.next(0ms), std::nullopt);
}

}  // namespace
}  // namespace signalbox::test
