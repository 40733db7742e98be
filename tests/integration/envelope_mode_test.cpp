// Clients that asked for signalbox.v1.json: the server tells them what happens.
#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"

namespace signalbox::test {
namespace {

constexpr const char* kSubprotocol = "signalbox.v1.json";

class EnvelopeMode : public testing::Test {
 protected:
  WebSocketClient client(const std::string& target = "/") {
    return WebSocketClient(instance_.port(), {target, kSubprotocol, {}});
  }
  /// What Alice is sent for a payload.
  std::string published(const std::string& payload, const Headers& headers = {}) {
    EXPECT_EQ(instance_.publish("alice", payload, headers).status, 200u) << payload;
    return alice_.next_payload();
  }

  Instance instance_;
  WebSocketClient alice_ = instance_.connect_envelope("alice");
};

TEST_F(EnvelopeMode, IsChosenByTheSubprotocolAmongOthers) {
  EXPECT_EQ(alice_.subprotocol(), kSubprotocol);
  WebSocketClient among(instance_.port(), {"/", "other, signalbox.v1.json", {}});
  EXPECT_EQ(among.subprotocol(), kSubprotocol);
  WebSocketClient unknown(instance_.port(), {"/", "other", {}});
  EXPECT_EQ(unknown.subprotocol(), "");
  unknown.send("ping");
  EXPECT_EQ(unknown.next_payload(), "pong") << "no subprotocol in common is plain mode";
}

TEST_F(EnvelopeMode, TellsWhenTheClientIsRegistered) {
  WebSocketClient bob = client();
  bob.send(R"({"type":"register","user_name":"bob"})");
  const boost::json::object told = json(bob.next_payload());
  EXPECT_EQ(text_of(told, "type"), "registered");
  EXPECT_EQ(text_of(told, "user"), "bob");
  EXPECT_EQ(text_of(told, "instance"), instance_.id());
  EXPECT_TRUE(told.contains("connection"));
  EXPECT_EQ(instance_.publish("bob", "at once").status, 200u) << "told means confirmed";
}

TEST_F(EnvelopeMode, GivesEachConnectionItsOwnName) {
  WebSocketClient one = client("/?user_name=bob");
  WebSocketClient two = client("/?user_name=bob");
  EXPECT_NE(json(one.next_payload()).at("connection"), json(two.next_payload()).at("connection"));
}

TEST_F(EnvelopeMode, PutsAJsonObjectOrArrayInlineAsItsSenderWroteIt) {
  EXPECT_EQ(published(R"({"b" : 1.0,"a":[ ]})"), R"({"type":"message","data":{"b" : 1.0,"a":[ ]}})");
  EXPECT_EQ(published("[1e400, \"\\u00e9\"]"), "{\"type\":\"message\",\"data\":[1e400, \"\\u00e9\"]}");
}

TEST_F(EnvelopeMode, PutsAnyOtherTextAsAString) {
  EXPECT_EQ(json(published("hello \"you\"\n\xc3\xa9")),
            (boost::json::object{{"type", "message"}, {"data", "hello \"you\"\n\xc3\xa9"}}));
  for (const char* text : {"", "1", "true", "null", "\"quoted\"", "{\"a\":1} x", "{a:1}", "[1,]", "{\"a\":1"}) {
    EXPECT_EQ(json(published(text)), (boost::json::object{{"type", "message"}, {"data", text}})) << text;
  }
}

TEST_F(EnvelopeMode, PutsJsonDeeperThan32AsAString) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(published(nested(32)), R"({"type":"message","data":)" + nested(32) + "}");
  EXPECT_EQ(published(nested(33)), R"({"type":"message","data":")" + nested(33) + "\"}");
  EXPECT_EQ(published(nested(20000)), R"({"type":"message","data":")" + nested(20000) + "\"}");
}

TEST_F(EnvelopeMode, PutsBinaryAsBase64) {
  const Headers binary{{"Content-Type", "application/octet-stream"}};
  EXPECT_EQ(json(published(std::string("\0\xff\x10", 3), binary)), json(R"({"type":"message","base64":"AP8Q"})"));
  EXPECT_EQ(json(published("ab", binary)), json(R"({"type":"message","base64":"YWI="})"));
}

TEST_F(EnvelopeMode, AnswersPing) {
  alice_.send(R"({"type":"ping"})");
  EXPECT_EQ(alice_.next_payload(), R"({"type":"pong"})");
  WebSocketClient unregistered = client();
  unregistered.send(R"({"type":"ping"})");
  EXPECT_EQ(unregistered.next_payload(), R"({"type":"pong"})");
}

TEST_F(EnvelopeMode, ClosesOnAnotherNameAndOnAnInvalidOne) {
  alice_.send(R"({"type":"register","user_name":"bob"})");
  EXPECT_EQ(alice_.wait_closed().value_or(CloseReason{}).code, 1008u);
  WebSocketClient nobody = client();
  nobody.send(R"({"type":"register","user_name":""})");
  const std::optional<CloseReason> end = nobody.wait_closed();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code, 1008u);
  EXPECT_FALSE(end->reason.empty());
}

TEST_F(EnvelopeMode, DeliversToPlainAndEnvelopeDevicesOfOneUser) {
  WebSocketClient plain = instance_.connect("alice");
  EXPECT_EQ(published("both"), R"({"type":"message","data":"both"})");
  EXPECT_EQ(plain.next_payload(), "both");
}

TEST_F(EnvelopeMode, SendsTextFramesOnly) {
  instance_.publish("alice", "\x01\x02", {{"Content-Type", "application/octet-stream"}});
  const std::optional<WebSocketMessage> message = alice_.next();
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is_text);
}

}  // namespace
}  // namespace signalbox::test
