// POST /api/v1/messages: NDJSON in, NDJSON out, line by line.
#include <sstream>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

std::vector<boost::json::object> lines_of(const std::string& body) {
  std::vector<boost::json::object> lines;
  std::istringstream stream(body);
  for (std::string line; std::getline(stream, line);) lines.push_back(json(line));
  return lines;
}

class BulkApi : public testing::Test {
 protected:
  std::vector<boost::json::object> post(const std::string& body) {
    const HttpResponse response = instance_.http().post("/api/v1/messages", body, {{"Content-Type", "application/x-ndjson"}});
    EXPECT_EQ(response.status, 200u) << response.body;
    return lines_of(response.body);
  }

  Instance instance_;
};

TEST_F(BulkApi, AnswersEachLineInOrder) {
  WebSocketClient alice = instance_.connect("alice");
  WebSocketClient bob = instance_.connect("bob");
  const auto lines = post(
      "{\"user\":\"alice\",\"text\":\"one\"}\n"
      "{\"user\":\"nobody\",\"text\":\"lost\"}\n"
      "{\"user\":\"Bob\",\"text\":\"two\"}\n"
      "{\"user\":\"alice\",\"text\":\"three\"}\n");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], json(R"({"user":"alice","delivered":true,"receivers":1})"));
  EXPECT_EQ(text_of(lines[1], "user"), "nobody");
  EXPECT_EQ(lines[1].at("delivered"), boost::json::value(false));
  EXPECT_EQ(lines[2], json(R"({"user":"Bob","delivered":true,"receivers":1})")) << "the user as sent";
  EXPECT_EQ(lines[3], json(R"({"user":"alice","delivered":true,"receivers":1})"));
  EXPECT_EQ(alice.next_payload(), "one");
  EXPECT_EQ(alice.next_payload(), "three");
  EXPECT_EQ(bob.next_payload(), "two");
}

TEST_F(BulkApi, ForwardsTextJsonAndBase64) {
  WebSocketClient alice = instance_.connect("alice");
  ASSERT_EQ(post("{\"user\":\"alice\",\"text\":\"\\u00e9\\n\"}\n"
                 "{\"user\":\"alice\",\"json\": {\"b\" : 1.0,\"a\":[ ]} }\n"
                 "{\"user\":\"alice\",\"base64\":\"AP8Q\"}\n")
                .size(),
            3u);
  EXPECT_EQ(alice.next_payload(), "\xc3\xa9\n");
  EXPECT_EQ(alice.next_payload(), R"({"b" : 1.0,"a":[ ]})") << "JSON goes as its sender wrote it";
  const std::optional<WebSocketMessage> binary = alice.next();
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->payload, std::string("\0\xff\x10", 3));
  EXPECT_FALSE(binary->is_text);
}

TEST_F(BulkApi, LetsABadLineSpoilOnlyItself) {
  WebSocketClient alice = instance_.connect("alice");
  const std::vector<std::string> bad{
      "not json",
      "[]",
      R"({"text":"no user"})",
      R"({"user":"alice"})",
      R"({"user":"alice","text":"x","base64":"AA=="})",
      R"({"user":"alice","text":7})",
      R"({"user":"alice","base64":"*"})",
      R"({"user":"","text":"x"})",
      "{\"user\":\"a\\u0001\",\"text\":\"x\"}",
      "{\"user\":\"alice\",\"text\":\"\xff\"}",
  };
  std::string body;
  for (const std::string& line : bad) body += line + "\n" + R"({"user":"alice","text":"good"})" + "\n";
  const auto lines = post(body);
  ASSERT_EQ(lines.size(), 2 * bad.size());
  for (std::size_t i = 0; i < bad.size(); ++i) {
    ASSERT_TRUE(lines[2 * i].contains("error")) << bad[i];
    EXPECT_EQ(text_of(lines[2 * i].at("error").as_object(), "code"), "invalid_argument") << bad[i];
    EXPECT_EQ(lines[2 * i + 1].at("delivered"), boost::json::value(true));
    EXPECT_EQ(alice.next_payload(), "good");
  }
  EXPECT_TRUE(lines[0].at("user").is_null()) << "no user could be read";
  EXPECT_EQ(text_of(lines[6], "user"), "alice");
}

TEST_F(BulkApi, NamesTheUserOfALineThatIsWrongInAnythingElse) {
  const std::string lines_of_alice[] = {
      R"({"user":"Alice","text":"a","json":1})",
      R"({"user":"Alice","text":"a","text":"b"})",
      R"({"text":"b","json":2,"base64":"","user":"Alice"})",
      R"({"user":"Alice"})",
      R"({"user":"Alice","text":"\ud800"})",
      R"({"user":"Alice","base64":"A"})",
      R"({"user":"Alice","text":)" + std::string(5000, '[') + std::string(5000, ']') + "}",
  };
  for (const std::string& line : lines_of_alice) {
    const auto answer = post(line).at(0);
    EXPECT_EQ(text_of(answer, "user"), "Alice") << line;
    EXPECT_EQ(error_code(boost::json::serialize(answer)), "invalid_argument") << line;
  }
  for (const char* line : {R"({"user":"Alice","user":"Alice","text":"a"})", R"({"user":1,"text":"a"})", R"({"text":"a"})"}) {
    const auto answer = post(line).at(0);
    EXPECT_TRUE(answer.at("user").is_null()) << line;
    EXPECT_EQ(error_code(boost::json::serialize(answer)), "invalid_argument") << line;
  }
}

TEST_F(BulkApi, ForwardsJsonAsDeepAsItIsWritten) {
  WebSocketClient alice = instance_.connect("alice");
  for (const std::size_t depth : {32u, 33u, 20'000u}) {
    const std::string value = std::string(depth, '[') + std::string(depth, ']');
    const auto answer = post(R"({"other":)" + value + R"(,"user":"alice","json":)" + value + "}").at(0);
    EXPECT_EQ(answer, json(R"({"user":"alice","delivered":true,"receivers":1})")) << depth;
    EXPECT_EQ(alice.next_payload(), value);
  }
}

TEST_F(BulkApi, AnswersNoBlankLine) {
  const auto lines = post(
      "\n \t\r\n"
      R"({"user":"nobody","text":"x"})"
      "\n\n\r\nnonsense\n \n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(text_of(lines[0], "user"), "nobody");
  EXPECT_EQ(error_code(boost::json::serialize(lines[1])), "invalid_argument");
}

TEST_F(BulkApi, RefusesAMessageThatIsTooLargeByItself) {
  WebSocketClient alice = instance_.connect("alice");
  const auto lines =
      post(R"({"user":"alice","text":")" + std::string(65 * 1024, 'x') + "\"}\n" + R"({"user":"alice","text":")" +
           std::string(600 * 1024, 'x') + "\"}\n" + R"({"user":"alice","text":"small"})" + "\n");
  ASSERT_EQ(lines.size(), 3u);
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(lines[i].contains("error"));
    EXPECT_EQ(text_of(lines[i].at("error").as_object(), "code"), "too_large");
  }
  EXPECT_EQ(alice.next_payload(), "small");
}

TEST_F(BulkApi, TakesALastLineWithoutNewlineAndSkipsNone) {
  WebSocketClient alice = instance_.connect("alice");
  EXPECT_EQ(post(R"({"user":"alice","text":"no newline"})").size(), 1u);
  EXPECT_EQ(alice.next_payload(), "no newline");
  EXPECT_EQ(post(R"({"user":"alice","text":"dos"})"
                 "\r\n")
                .size(),
            1u);
  EXPECT_EQ(alice.next_payload(), "dos");
}

TEST_F(BulkApi, KeepsTheOrderOfManyLines) {
  WebSocketClient alice = instance_.connect("alice");
  constexpr int kCount = 5000;
  std::string body;
  for (int i = 0; i < kCount; ++i) body += R"({"user":"alice","text":")" + std::to_string(i) + "\"}\n";
  const auto lines = post(body);
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(alice.next_payload(), std::to_string(i));
}

TEST_F(BulkApi, HasNoLimitOnTheWhole) {
  const std::string line = R"({"user":"nobody","text":")" + std::string(60000, 'x') + "\"}\n";
  std::string body;
  for (int i = 0; i < 300; ++i) body += line;
  const auto lines = post(body);
  ASSERT_EQ(lines.size(), 300u);
  EXPECT_EQ(lines.back().at("delivered"), boost::json::value(false));
}

TEST_F(BulkApi, AnswersWhileTheRequestIsStillBeingSent) {
  WebSocketClient alice = instance_.connect("alice");
  const std::string line = R"({"user":"alice","text":"early"})"
                           "\n";
  RawSocket socket(instance_.api_port());
  socket.send("POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(2 * line.size()) + "\r\n\r\n" +
              line);
  EXPECT_EQ(alice.next_payload(), "early") << "published before the body is complete";
  ASSERT_TRUE(socket.read_until("\"delivered\":true")) << socket.received();
  socket.send(line);
  EXPECT_EQ(alice.next_payload(), "early");
}

TEST(BulkApiFaults, AnswerEachLineWhenTheBrokerIsLost) {
  RedisServer redis;
  Instance instance(redis);
  redis.kill();
  ASSERT_TRUE(wait_until([&] { return !instance.ready(); }));
  std::string body;
  for (int i = 0; i < 5; ++i)
    body += R"({"user":"alice","text":"x"})"
            "\n";
  const HttpResponse response = instance.http().post("/api/v1/messages", body);
  EXPECT_EQ(response.status, 200u);
  const auto lines = lines_of(response.body);
  ASSERT_EQ(lines.size(), 5u) << response.body;
  for (const boost::json::object& line : lines) EXPECT_EQ(text_of(line.at("error").as_object(), "code"), "unavailable");
}

}  // namespace
}  // namespace signalbox::test
