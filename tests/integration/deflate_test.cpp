// permessage-deflate through a whole server: with Boost.Beast at the other end, and with bytes that no library would send.
#include <fstream>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <zlib.h>

#include "tests/support/instance.hpp"
#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {
namespace {

constexpr const char* kAgreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
constexpr std::uint8_t kCompressedText = 0xC1;

std::string deflated(const std::string& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_SYNC_FLUSH);
  out.resize(stream.total_out - 4);
  deflateEnd(&stream);
  return out;
}

/// JSON of this size, at least 2.
std::string document(std::size_t size) {
  std::mt19937 random(static_cast<std::uint32_t>(size));
  std::string text = "[";
  while (text.size() + 50 < size) {
    if (text.size() > 1) text += ',';
    text += R"({"order":)" + std::to_string(random()) + R"(,"state":"paid"})";
  }
  text.resize(size - 1, ' ');
  return text + "]";
}

std::size_t anonymous_bytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) return std::stoul(line.substr(8)) * 1024;
  }
  return 0;
}

class Deflate : public testing::Test {
 protected:
  RawWebSocket raw(const std::string& target = "/") {
    return RawWebSocket(instance_.port(), {target, "Sec-WebSocket-Extensions: permessage-deflate\r\n", {}, 0});
  }
  unsigned code_for(const std::string& bytes) {
    RawWebSocket bad = raw("/?user_name=bad");
    bad.socket().send(bytes);
    const unsigned code = bad.next_close().value_or(CloseReason{}).code;
    EXPECT_TRUE(bad.socket().read_to_end()) << "the server left the connection open";
    EXPECT_TRUE(good_.answers_ping());
    return code;
  }

  Instance instance_{Settings{{"server.permessage_deflate", "true"}, {"server.threads", "1"}}};
  WebSocketClient good_ = instance_.connect("good");
};

TEST(DeflateByDefault, IsNotNegotiated) {
  Instance instance;
  WebSocketClient client(instance.port(), {"/", {}, {}, 15});
  EXPECT_EQ(client.extensions(), "");
  EXPECT_TRUE(client.answers_ping());
}

TEST_F(Deflate, DeliversTheSameBytesToEveryClient) {
  WebSocketClient whole(instance_.port(), {"/?user_name=alice", {}, {}, 15});
  WebSocketClient narrow(instance_.port(), {"/?user_name=alice", {}, {}, 9});
  WebSocketClient without = instance_.connect("alice");
  WebSocketClient envelope(instance_.port(), {"/?user_name=alice", "signalbox.v1.json", {}, 12});
  EXPECT_EQ(whole.extensions(), std::string(kAgreed) + "; server_max_window_bits=15");
  EXPECT_EQ(narrow.extensions(), std::string(kAgreed) + "; server_max_window_bits=9");
  EXPECT_EQ(without.extensions(), "");
  EXPECT_NE(envelope.next_payload().find("registered"), std::string::npos);
  // On the connections in plain mode nothing tells that they are registered.
  ASSERT_TRUE(whole.answers_ping() && narrow.answers_ping() && without.answers_ping());
  for (const std::size_t size : {2u, 100u, 255u, 256u, 257u, 512u, 513u, 1000u, 4096u, 4097u, 20'000u, 65'000u, 65'536u}) {
    SCOPED_TRACE(size);
    const std::string payload = document(size);
    ASSERT_EQ(payload.size(), size);
    ASSERT_EQ(instance_.publish("alice", payload).status, 200u);
    for (WebSocketClient* client : {&whole, &narrow, &without}) {
      const std::optional<WebSocketMessage> message = client->next();
      ASSERT_TRUE(message);
      EXPECT_TRUE(message->is_text);
      EXPECT_TRUE(message->payload == payload);
    }
    EXPECT_TRUE(envelope.next_payload() == R"({"type":"message","data":)" + payload + "}");
  }
  std::string noise(10'000, '\0');
  std::mt19937 random(7);
  for (char& c : noise) c = static_cast<char>(random());
  ASSERT_EQ(instance_.publish("alice", noise, {{"Content-Type", "application/octet-stream"}}).status, 200u);
  for (WebSocketClient* client : {&whole, &narrow, &without}) {
    const std::optional<WebSocketMessage> message = client->next();
    ASSERT_TRUE(message);
    EXPECT_FALSE(message->is_text);
    EXPECT_TRUE(message->payload == noise);
  }
}

TEST_F(Deflate, SendsFewerBytes) {
  RawWebSocket client = raw("/?user_name=alice");
  ASSERT_TRUE(wait_until([&] { return instance_.exists("alice"); }));
  const std::string payload = document(4000);
  ASSERT_EQ(instance_.publish("alice", payload).status, 200u);
  const std::optional<RawFrame> frame = client.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->first_byte, kCompressedText);
  EXPECT_LT(frame->payload.size(), payload.size() / 2);
  ASSERT_EQ(instance_.publish("alice", "short").status, 200u);
  const std::optional<RawFrame> small = client.next();
  ASSERT_TRUE(small);
  EXPECT_EQ(small->first_byte, kText);
}

TEST_F(Deflate, RegistersByACompressedMessage) {
  WebSocketClient client(instance_.port(), {"/", {}, {}, 15});
  client.send(R"({"user_name": "zoe", "more": ")" + std::string(1000, 'x') + "\"}");
  EXPECT_TRUE(wait_until([&] { return instance_.exists("zoe"); }));
  EXPECT_TRUE(client.answers_ping());
}

TEST_F(Deflate, AcceptsCompressedFragmentsWithPingsBetween) {
  RawWebSocket client = raw();
  const std::string data = deflated("ping");
  client.send(0x41, data.substr(0, 2));
  client.send(kPing, "between");
  client.send(0x00, "");
  client.send(0x80, data.substr(2));
  client.send(kText, "ping");  // not compressed, which is allowed at any time
  const std::optional<RawFrame> first = client.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->first_byte, kPong);
  EXPECT_EQ(first->payload, "between");
  for (int i = 0; i < 2; ++i) {
    const std::optional<RawFrame> pong = client.next();
    ASSERT_TRUE(pong);
    EXPECT_EQ(pong->first_byte, kText);
    EXPECT_EQ(pong->payload, "pong");
  }
}

TEST_F(Deflate, ClosesReservedBitsOutOfPlaceWith1002) {
  EXPECT_EQ(code_for(masked_frame(0x41, "\xF2") + masked_frame(0xC0, "\xFF")), 1002u) << "on a continuation";
  EXPECT_EQ(code_for(masked_frame(0xC9, "")), 1002u) << "on a ping";
  EXPECT_EQ(code_for(masked_frame(0xC8, "")), 1002u) << "on a close";
  EXPECT_EQ(code_for(masked_frame(0xE1, deflated("ping"))), 1002u) << "RSV2";
  RawWebSocket without(instance_.port());
  without.send(kCompressedText, deflated("ping"));
  EXPECT_EQ(without.next_close().value_or(CloseReason{}).code, 1002u) << "not negotiated on this connection";
}

TEST_F(Deflate, ClosesWhatCanNotBeInflatedOrIsNotUtf8With1007) {
  EXPECT_EQ(code_for(masked_frame(kCompressedText, "\xFF\xFF\xFF")), 1007u);
  EXPECT_EQ(code_for(masked_frame(kCompressedText, deflated(document(2000)).substr(0, 100))), 1007u) << "cut off";
  EXPECT_EQ(code_for(masked_frame(kCompressedText, deflated("\xFF"))), 1007u);
  EXPECT_EQ(code_for(masked_frame(0xC2, "")), 1007u);
}

TEST_F(Deflate, ClosesBombsWith1009AtNoCostInMemory) {
  const std::string bomb = deflated(std::string(10'000'000, '\0'));
  ASSERT_LT(bomb.size(), 10'000u);
  const std::string frames[] = {masked_frame(0xC2, bomb),
                                masked_frame(0x42, bomb.substr(0, 5000)) + masked_frame(0x80, bomb.substr(5000))};
  EXPECT_EQ(code_for(frames[0]), 1009u);
  const std::size_t before = anonymous_bytes(instance_.process().pid());
  for (int i = 0; i < 100; ++i) ASSERT_EQ(code_for(frames[i % 2]), 1009u);
  // Inflated, they would be 1 GB. A sanitizer keeps what is freed for a while.
  EXPECT_LT(anonymous_bytes(instance_.process().pid()), before + 64 * 1024 * 1024);
  EXPECT_TRUE(good_.answers_ping());
}

TEST_F(Deflate, RefusesAMalformedOfferWith400) {
  EXPECT_THROW(RawWebSocket(instance_.port(), {"/", "Sec-WebSocket-Extensions: permessage-deflate; =\r\n", {}, 0}),
               std::runtime_error);
}

}  // namespace
}  // namespace signalbox::test
