// /api/v1/users: publish, exists, disconnect; and who may call.
#include <gtest/gtest.h>

#include "tests/integration/json.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

class UsersApi : public testing::Test {
 protected:
  Instance instance_;
};

TEST_F(UsersApi, PublishesToAUserWhoIsConnected) {
  WebSocketClient alice = instance_.connect("alice");
  const HttpResponse response = instance_.publish("Alice", "hello");
  EXPECT_EQ(response.status, 200u);
  EXPECT_NE(response.header("content-type").find("application/json"), std::string::npos);
  EXPECT_EQ(json(response.body), json(R"({"delivered":true,"receivers":1,"precision":"exact"})")) << response.body;
  EXPECT_EQ(alice.next_payload(), "hello");
}

TEST_F(UsersApi, SaysThatNobodyGotItAndKeepsNothing) {
  const HttpResponse response = instance_.publish("alice", "too early");
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(json(response.body), json(R"({"delivered":false})")) << response.body;
  WebSocketClient alice = instance_.connect("alice");
  EXPECT_EQ(alice.next(0ms), std::nullopt);
  EXPECT_EQ(instance_.metric("signalbox_published_total", "not_connected"), 1);
}

TEST_F(UsersApi, TellsWhetherAUserExists) {
  WebSocketClient alice = instance_.connect("alice");
  HttpResponse response = instance_.http().get("/api/v1/users/ALICE");
  EXPECT_EQ(response.status, 200u);
  EXPECT_EQ(json(response.body), json(R"({"exists":true})"));
  response = instance_.http().get("/api/v1/users/bob");
  EXPECT_EQ(response.status, 404u);
  EXPECT_EQ(json(response.body), json(R"({"exists":false})"));
}

TEST_F(UsersApi, AnswersHeadAsGetWithoutTheBody) {
  WebSocketClient alice = instance_.connect("alice");
  const HttpResponse found = instance_.http().request("HEAD", "/api/v1/users/alice");
  EXPECT_EQ(found.status, 200u);
  EXPECT_EQ(found.body, "");
  EXPECT_EQ(instance_.http().request("HEAD", "/api/v1/users/bob").status, 404u);
  EXPECT_EQ(instance_.http().get("/api/v1/users/alice").status, 200u) << "the connection is still in step";
}

TEST_F(UsersApi, RefusesNamesThatAreNone) {
  for (const char* name : {"a%00b", "%FF", "%C2%85", "a%zz"}) {
    const HttpResponse response = instance_.http().get(std::string("/api/v1/users/") + name);
    EXPECT_EQ(response.status, 400u) << name;
    EXPECT_EQ(error_code(response.body), "invalid_argument") << response.body;
  }
  EXPECT_EQ(instance_.publish(std::string(257, 'x'), "hello").status, 400u);
  EXPECT_EQ(instance_.http().get("/api/v1/users/%01control").status, 400u) << "reserved channels are no users";
}

TEST_F(UsersApi, TakesNamesWithSlashesAndAnyOtherByte) {
  WebSocketClient client = instance_.connect("a/b ?#%\xc3\xa9");
  EXPECT_EQ(instance_.publish("a/b ?#%\xc3\xa9", "encoded").status, 200u);
  EXPECT_EQ(client.next_payload(), "encoded");
}

TEST_F(UsersApi, RefusesTextThatIsNotUtf8) {
  WebSocketClient alice = instance_.connect("alice");
  const HttpResponse response = instance_.publish("alice", "\xff\xfe", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(response.status, 400u);
  EXPECT_EQ(error_code(response.body), "invalid_argument");
  EXPECT_TRUE(alice.answers_ping());
  EXPECT_EQ(alice.next(0ms), std::nullopt);
}

TEST_F(UsersApi, RefusesPayloadsOverTheLimitAndTakesTheLargest) {
  WebSocketClient alice = instance_.connect("alice");
  const std::string largest(64 * 1024, 'x');
  EXPECT_EQ(instance_.publish("alice", largest).status, 200u);
  EXPECT_EQ(alice.next_payload(), largest);
  const HttpResponse response = instance_.publish("alice", largest + "x");
  EXPECT_EQ(response.status, 413u);
  EXPECT_EQ(error_code(response.body), "too_large") << response.body;
  EXPECT_TRUE(alice.answers_ping());
}

TEST_F(UsersApi, DisconnectsAUser) {
  WebSocketClient phone = instance_.connect("alice");
  WebSocketClient laptop = instance_.connect("alice");
  WebSocketClient bob = instance_.connect("bob");
  EXPECT_EQ(instance_.http().request("DELETE", "/api/v1/users/alice/connections").status, 202u);
  EXPECT_EQ(phone.wait_closed().value_or(CloseReason{}).code, 4003u);
  EXPECT_EQ(laptop.wait_closed().value_or(CloseReason{}).code, 4003u);
  EXPECT_TRUE(bob.answers_ping());
  WebSocketClient again = instance_.connect("alice");
  EXPECT_TRUE(again.answers_ping()) << "a disconnect is no ban";
}

TEST_F(UsersApi, SaysWhichMethodsAPathKnows) {
  const HttpResponse response = instance_.http().request("PUT", "/api/v1/users/alice", "x");
  EXPECT_EQ(response.status, 405u);
  EXPECT_NE(response.header("allow").find("GET"), std::string::npos);
  EXPECT_EQ(instance_.http().get("/api/v1/nothing").status, 404u);
  EXPECT_EQ(instance_.http().get("/api/v2/users/alice").status, 404u);
}

TEST(ApiWithoutKeys, RefusesPagesOfOtherSites) {
  Instance instance;
  WebSocketClient alice = instance.connect("alice");
  const std::string own = "127.0.0.1:" + std::to_string(instance.api_port());
  const std::pair<std::string, std::string> calls[] = {{"POST", "/api/v1/users/alice/messages"},
                                                       {"POST", "/api/v1/messages"},
                                                       {"DELETE", "/api/v1/users/alice/connections"},
                                                       {"GET", "/api/v1/users/alice"},
                                                       {"GET", "/api/v1/instance"}};
  const auto ask = [&](const std::string& call, const std::string& fields) {
    RawSocket socket(instance.api_port());
    const std::string body = call.starts_with("POST") ? "stolen" : "";
    socket.send(call + " HTTP/1.1\r\n" + fields + "Content-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + body);
    EXPECT_TRUE(socket.read_to_end()) << socket.received();
    return socket.received();
  };
  for (const auto& [method, target] : calls) {
    for (const std::string& fields :
         {"Host: " + own + "\r\nOrigin: https://evil.test\r\n", "Host: " + own + "\r\nOrigin: null\r\n",
          "Host: " + own + "\r\nSec-Fetch-Site: cross-site\r\n", std::string("Host: evil.test\r\nOrigin: http://evil.test\r\n"),
          "Host: rebound.evil.test:" + std::to_string(instance.api_port()) + "\r\n"}) {
      const std::string answer = ask(method + " " + target, fields);
      EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 403") << method << " " << target << "\n" << fields << answer;
      EXPECT_NE(answer.find("\"forbidden\""), std::string::npos) << answer;
    }
  }
  EXPECT_TRUE(alice.answers_ping()) << "disconnected by a page";

  for (const std::string& fields :
       {"Host: " + own + "\r\n", "Host: " + own + "\r\nOrigin: http://" + own + "\r\n", std::string("Host: localhost\r\n")}) {
    EXPECT_EQ(ask("POST /api/v1/users/alice/messages", fields).substr(0, 12), "HTTP/1.1 200") << fields;
    EXPECT_EQ(alice.next_payload(), "stolen") << "the first of all: no page's has come before";
  }
  EXPECT_EQ(ask("GET /healthz", "Host: rebound.evil.test\r\n").substr(0, 12), "HTTP/1.1 200") << "asks for no key anyway";
}

TEST(ApiWithoutKeys, ThatIsInsecureIsCalledByAnyName) {
  Instance instance(Settings{{"api.insecure", "true"}});
  HttpClient& http = instance.http();
  EXPECT_EQ(http.get("/api/v1/instance", {{"Host", "box.example.com"}}).status, 200u);
  EXPECT_EQ(http.get("/api/v1/instance", {{"Host", "box.example.com"}, {"Origin", "https://evil.test"}}).status, 403u);
}

TEST(ApiKeys, LetAnyPageCallThatHasOne) {
  Instance instance(Settings{{"api.keys", "[a-key]"}});
  const Headers page{{"Host", "evil.test"}, {"Origin", "https://console.example"}, {"Authorization", "Bearer a-key"}};
  EXPECT_EQ(instance.http().get("/api/v1/instance", page).status, 200u);
}

TEST(ApiKeys, AreAskedForOnEveryApiCallAndNowhereElse) {
  Instance instance(Settings{{"api.keys", "[first-key, second-key]"}});
  HttpClient& http = instance.http();
  const Headers first{{"Authorization", "Bearer first-key"}};
  const Headers second{{"Authorization", "Bearer second-key"}};
  for (const char* target : {"/api/v1/users/alice", "/api/v1/instance"}) {
    const HttpResponse refused = http.get(target);
    EXPECT_EQ(refused.status, 401u) << target;
    EXPECT_FALSE(error_code(refused.body).empty()) << refused.body;
    EXPECT_FALSE(refused.header("www-authenticate").empty());
    EXPECT_EQ(refused.header("connection"), "close");
  }
  EXPECT_EQ(http.post("/api/v1/messages", "{}\n").status, 401u);
  EXPECT_EQ(http.post("/api/v1/users/alice/messages", "x").status, 401u);
  EXPECT_EQ(http.request("DELETE", "/api/v1/users/alice/connections").status, 401u);
  for (const char* wrong :
       {"Bearer first-ke", "Bearer first-keyx", "Basic first-key", "first-key", "Bearer ", "Bearer FIRST-KEY"}) {
    EXPECT_EQ(http.get("/api/v1/instance", {{"Authorization", wrong}}).status, 401u) << wrong;
  }
  EXPECT_EQ(http.get("/api/v1/instance", first).status, 200u);
  EXPECT_EQ(http.get("/api/v1/instance", second).status, 200u);
  EXPECT_EQ(http.get("/api/v1/instance", {{"Authorization", "bearer first-key"}}).status, 200u)
      << "the scheme's name has no case";
  EXPECT_EQ(http.get("/api/v1/users/alice", first).status, 404u);
  EXPECT_EQ(http.get("/metrics").status, 200u);
  EXPECT_EQ(http.get("/healthz").status, 200u);
  EXPECT_EQ(http.get("/readyz").status, 200u);
}

}  // namespace
}  // namespace signalbox::test
