// HTTP on api.listen beyond what its calls mean: pipelining, keep-alive, deadlines, bodies. What is refused of a head stands in
// desync_test.cpp.
#include <algorithm>
#include <cctype>

#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/footprint.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

const std::string kPost = "POST /api/v1/users/alice/messages HTTP/1.1\r\n";
const std::string kGet = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// How many answers there are, with this status or (empty) with any. No body of ours holds a status line.
int answers(const std::string& text, const std::string& status = {}) {
  int found = 0;
  for (const char* version : {"HTTP/1.1 ", "HTTP/1.0 "}) {
    for (std::size_t at = text.find(version); at != std::string::npos; at = text.find(version, at + 1)) {
      const std::string code = text.substr(at + 9, 3);
      if (std::all_of(code.begin(), code.end(), [](unsigned char c) { return std::isdigit(c); }))
        found += status.empty() || code == status;
    }
  }
  return found;
}

class HttpParsing : public testing::Test {
 protected:
  /// Everything that the server answers until it closes, which it must; what it then says is in step with nobody.
  std::string answer_and_close(const std::string& request) {
    RawSocket socket(instance_.api_port());
    socket.send(request);
    EXPECT_TRUE(socket.read_to_end()) << "left open after: " << request.substr(0, 200) << "\nanswered: " << socket.received();
    return socket.received();
  }
  void TearDown() override {
    EXPECT_EQ(instance_.http().get("/healthz").status, 200u);
    EXPECT_TRUE(instance_.process().running());
  }

  Instance instance_;
};

TEST_F(HttpParsing, AnswersPipelinedRequestsInOrder) {
  WebSocketClient alice = instance_.connect("alice");
  RawSocket socket(instance_.api_port());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += kPost + "Host: x\r\nContent-Length: 2\r\n\r\n" + std::to_string(10 + i % 90);
  requests += "GET /api/v1/users/bob HTTP/1.1\r\nHost: x\r\n\r\n" + kGet;
  socket.send(requests);
  ASSERT_TRUE(wait_until([&] {
    socket.read_to_end(20ms);
    return answers(socket.received()) == 102;
  })) << answers(socket.received());
  EXPECT_EQ(answers(socket.received(), "200"), 101);
  EXPECT_LT(socket.received().find("\"exists\":false"), socket.received().rfind("HTTP/1.1 200"));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(alice.next_payload(), std::to_string(10 + i % 90));
}

TEST_F(HttpParsing, AcceptsARequestOneByteAtATime) {
  RawSocket socket(instance_.api_port());
  for (const char byte : kGet) ASSERT_TRUE(socket.send(std::string(1, byte)));
  ASSERT_TRUE(socket.read_until("\r\n\r\n"));
  EXPECT_EQ(socket.received().substr(0, 12), "HTTP/1.1 200");
}

TEST_F(HttpParsing, ClosesWhenTheClientAsksForIt) {
  const std::string answer = answer_and_close("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + kGet);
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 200");
  EXPECT_EQ(answers(answer), 1);
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_EQ(answer_and_close("GET /healthz HTTP/1.0\r\n\r\n").substr(9, 3), "200") << "HTTP/1.0 closes by itself";
}

TEST_F(HttpParsing, GivesEachErrorAsJson) {
  const std::string answer = answer_and_close("GET /healthz HTTP/1.1\r\n\r\n");
  const std::size_t end = answer.find("\r\n\r\n");
  ASSERT_NE(end, std::string::npos);
  EXPECT_EQ(error_code(answer.substr(end + 4)), "invalid_argument") << answer;
}

TEST_F(HttpParsing, StopsReadingABodyThatIsTooLarge) {
  const std::string answer = answer_and_close(kPost + "Host: x\r\nContent-Length: 1000000000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 413") << answer;
}

TEST_F(HttpParsing, InvitesABodyWhenAskedWithExpect) {
  WebSocketClient alice = instance_.connect("alice");
  RawSocket socket(instance_.api_port());
  socket.send(kPost + "Host: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  if (socket.read_until("\r\n\r\n", 1s)) {
    EXPECT_TRUE(socket.received().rfind("HTTP/1.1 100", 0) == 0 || socket.received().rfind("HTTP/1.1 417", 0) == 0)
        << socket.received();
    if (socket.received().rfind("HTTP/1.1 417", 0) == 0) return;
  }
  socket.send("hello");
  ASSERT_TRUE(socket.read_until("\"delivered\":true")) << socket.received();
  EXPECT_EQ(alice.next_payload(), "hello");
}

TEST(HttpDeadlines, EndAHeadOrABodyThatDoesNotComplete) {
  Instance instance(Settings{{"limits.handshake_timeout", "500ms"}});
  RawSocket head(instance.api_port());
  RawSocket body(instance.api_port());
  RawSocket idle(instance.api_port());
  head.send("GET /healthz HTTP/1.1\r\nHost");
  body.send(kPost + "Host: x\r\nContent-Length: 1000\r\n\r\nhalf");
  for (RawSocket* socket : {&head, &body}) {
    // A byte now and then buys no time: the limit is for the whole.
    const auto end = std::chrono::steady_clock::now() + scaled(kPatience);
    while (!socket->read_to_end(100ms) && std::chrono::steady_clock::now() < end) socket->send("x");
    EXPECT_EQ(socket->received().substr(0, 12), "HTTP/1.1 408") << socket->received();
  }
  EXPECT_FALSE(idle.read_to_end(0ms)) << "the deadline starts with the first byte";
  idle.send(kGet);
  EXPECT_TRUE(idle.read_until("HTTP/1.1 200"));
}

TEST(HttpDeadlines, EndABulkRequestThatDoesNotBeginOrGoesOnNoMore) {
  Instance instance(Settings{{"limits.handshake_timeout", "500ms"}});
  const std::string head = "POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n";
  RawSocket nothing(instance.api_port());
  RawSocket invited(instance.api_port());
  RawSocket begun(instance.api_port());
  nothing.send(kGet + head + "\r\n");
  invited.send(head + "Expect: 100-continue\r\n\r\n");
  begun.send(head + "\r\nnonsense\n");
  for (RawSocket* socket : {&nothing, &invited, &begun}) EXPECT_TRUE(socket->read_to_end()) << socket->received();
  EXPECT_EQ(answers(nothing.received()), 2) << nothing.received();
  EXPECT_EQ(answers(nothing.received(), "408"), 1) << nothing.received();
  EXPECT_NE(nothing.received().find("Connection: close"), std::string::npos) << nothing.received();
  EXPECT_EQ(answers(invited.received(), "100"), 1) << invited.received();
  EXPECT_EQ(answers(invited.received(), "408"), 1) << invited.received();
  EXPECT_EQ(answers(begun.received()), 1) << begun.received();
  EXPECT_EQ(answers(begun.received(), "200"), 1) << begun.received();
  EXPECT_NE(begun.received().find("not a JSON object"), std::string::npos) << begun.received();
}

TEST(HttpDeadlines, CloseWithoutAWordWhenTheBodyOfARefusedRequestDoesNotComplete) {
  Instance instance(Settings{{"limits.handshake_timeout", "500ms"}, {"api.keys", "[secret]"}});
  const std::pair<std::string, std::string> cases[] = {
      {"GET /nothing HTTP/1.1\r\n", "404"},
      {"PUT /healthz HTTP/1.1\r\n", "405"},
      {"GET /healthz HTTP/1.1\r\n", "400"},  // takes no body
      {kPost, "401"},
  };
  for (const auto& [line, status] : cases) {
    RawSocket socket(instance.api_port());
    socket.send(kGet + line + "Host: x\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_TRUE(socket.read_to_end()) << socket.received();
    EXPECT_EQ(answers(socket.received()), 2) << socket.received();
    EXPECT_EQ(answers(socket.received(), status), 1) << socket.received();
  }
}

TEST(HttpDeadlines, EndAClientThatDoesNotReadItsAnswers) {
  constexpr std::size_t kRequests = 4000;  // some 40 MB of answers
  constexpr std::size_t kMiB = 1024 * 1024;
  Instance instance(Settings{{"api.idle_timeout", "1s"}});
  ASSERT_GT(kRequests * instance.http().get("/metrics").body.size(), 16 * kMiB);
  const std::size_t before = Footprint::of(instance.process().pid()).anonymous_bytes;
  std::size_t most = before;
  RawSocket unread(instance.api_port(), 4096);
  std::string requests;
  for (std::size_t i = 0; i < kRequests; ++i) requests += "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  unread.send(requests);
  EXPECT_TRUE(wait_until([&] {
    most = std::max(most, Footprint::of(instance.process().pid()).anonymous_bytes);
    return !unread.send("G");  // reading would be to take the answers
  })) << "never closed";
  EXPECT_TRUE(kSanitized || most <= before + 8 * kMiB) << most << " from " << before;
}

TEST(HttpDeadlines, GiveAStrangerWhoHasShownNoGoodKeyLessTime) {
  Instance instance(Settings{{"limits.handshake_timeout", "500ms"}, {"api.keys", "[secret]"}});
  RawSocket silent(instance.api_port());
  RawSocket keyless(instance.api_port());
  RawSocket known(instance.api_port());
  known.send("GET /api/v1/instance HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\r\n\r\n");
  keyless.send(kGet);
  ASSERT_TRUE(known.read_until("HTTP/1.1 200"));
  ASSERT_TRUE(keyless.read_until("HTTP/1.1 200"));
  EXPECT_TRUE(silent.read_to_end());
  EXPECT_EQ(silent.received(), "");
  EXPECT_TRUE(keyless.read_to_end());
  EXPECT_FALSE(known.read_to_end(1s)) << "has api.idle_timeout";
}

TEST_F(HttpParsing, ClosesAfterA401) {
  Instance instance(Settings{{"api.keys", "[secret]"}});
  for (const std::string& request : {kPost + "Host: x\r\nContent-Length: 5\r\n\r\nhello", kPost + "Host: x\r\n\r\n",
                                     std::string("GET /api/v1/instance HTTP/1.1\r\nHost: x\r\n\r\n")}) {
    RawSocket socket(instance.api_port());
    socket.send(kGet + request + kGet);
    EXPECT_TRUE(socket.read_to_end()) << socket.received();
    EXPECT_EQ(answers(socket.received()), 2) << "nothing behind it is answered: " << socket.received();
    EXPECT_EQ(answers(socket.received(), "401"), 1) << socket.received();
    EXPECT_NE(socket.received().find("Connection: close"), std::string::npos) << socket.received();
  }
}

TEST(HttpDeadlines, EndAnIdleConnection) {
  Instance instance(Settings{{"api.idle_timeout", "1s"}});
  RawSocket idle(instance.api_port());
  idle.send(kGet);
  ASSERT_TRUE(idle.read_until("\r\n\r\n"));
  EXPECT_EQ(idle.received().substr(0, 12), "HTTP/1.1 200");
  EXPECT_TRUE(idle.read_to_end());
}

}  // namespace
}  // namespace signalbox::test
