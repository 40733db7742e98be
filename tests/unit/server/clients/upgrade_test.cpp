#include "server/clients/upgrade.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/http/request_head.hpp"

namespace signalbox {
namespace {

using testing::Test;

/// What every 426 says, beside the Connection: close of every refusal.
constexpr const char* kUpgradeRequired = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";

/// A request for an upgrade that is right in every respect, to be bent by a test.
class Upgrade : public Test {
 protected:
  std::string request_line = "GET / HTTP/1.1";
  std::string upgrade = "Upgrade: websocket\r\n";
  std::string connection = "Connection: Upgrade\r\n";
  std::string version = "Sec-WebSocket-Version: 13\r\n";
  std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  std::string more;
  std::vector<std::string> allowed_origins;
  bool permessage_deflate = false;
  bool draining = false;
  std::string not_ready;

  UpgradeDecision decide() {
    const std::string bytes = request_line + "\r\nHost: a\r\n" + upgrade + connection + version + key + more + "\r\n";
    http::RequestHead head;
    EXPECT_EQ(http::parse_head(bytes, head).kind, http::HeadResult::Kind::complete) << bytes;
    return decide_upgrade(head, {allowed_origins, draining, [this] { return not_ready; }, permessage_deflate});
  }
  unsigned status() { return decide().status; }
  void target(const std::string& text) { request_line = "GET " + text + " HTTP/1.1"; }
  /// A request that asks for no upgrade.
  void plain(const std::string& line) {
    request_line = line;
    upgrade = connection = version = key = {};
  }
};

TEST(AcceptKey, IsThatOfTheRfcsExample) { EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); }

TEST_F(Upgrade, IsGrantedOnBothPaths) {
  for (const char* path : {"/", "/ws", "/?x=1", "/ws?user_name="}) {
    target(path);
    EXPECT_EQ(status(), 101u) << path;
  }
}

TEST_F(Upgrade, AnswersAsTheRfcHasIt) {
  const UpgradeDecision decision = decide();
  EXPECT_EQ(decision.mode, Mode::plain);
  EXPECT_EQ(decision.user_name, std::nullopt);
  EXPECT_EQ(upgrade_text(decision),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST_F(Upgrade, ChoosesEnvelopeModeWhereItIsAmongTheSubprotocols) {
  more = "Sec-WebSocket-Protocol: chat, signalbox.v1.json\r\n";
  const UpgradeDecision decision = decide();
  EXPECT_EQ(decision.status, 101u);
  EXPECT_EQ(decision.mode, Mode::envelope);
  EXPECT_NE(upgrade_text(decision).find("\r\nSec-WebSocket-Protocol: signalbox.v1.json\r\n"), std::string::npos);
}

TEST_F(Upgrade, ChoosesNoSubprotocolThatItDoesNotSpeak) {
  for (const char* other : {"signalbox.v2.json", "SIGNALBOX.V1.JSON", "signalbox.v1.json.x", ""}) {
    more = std::string("Sec-WebSocket-Protocol: ") + other + "\r\n";
    const UpgradeDecision decision = decide();
    EXPECT_EQ(decision.status, 101u) << other;
    EXPECT_EQ(decision.mode, Mode::plain) << other;
    EXPECT_EQ(upgrade_text(decision).find("Sec-WebSocket-Protocol"), std::string::npos) << other;
  }
}

TEST_F(Upgrade, AgreesOnPermessageDeflateWhereItIsEnabled) {
  more = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n";
  EXPECT_EQ(decide().deflate_window_bits, 0);
  EXPECT_EQ(upgrade_text(decide()).find("Extensions"), std::string::npos) << "off by default";
  permessage_deflate = true;
  EXPECT_EQ(decide().deflate_window_bits, 10);
  EXPECT_NE(upgrade_text(decide()).find("\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                        "client_no_context_takeover; server_max_window_bits=10\r\n"),
            std::string::npos);
  more = "Sec-WebSocket-Extensions: x-other\r\n";
  EXPECT_EQ(status(), 101u);
  EXPECT_EQ(upgrade_text(decide()).find("Extensions"), std::string::npos) << "declined";
  more = "Sec-WebSocket-Extensions: permessage-deflate;\r\n";
  EXPECT_EQ(status(), 400u);
}

TEST_F(Upgrade, ReadsItsTokensWithoutCaseAndFromLists) {
  upgrade = "Upgrade: h2c, WebSocket\r\n";
  connection = "Connection: keep-alive, upgrade\r\n";
  EXPECT_EQ(status(), 101u);
}

TEST_F(Upgrade, OfAnotherVersionIsToldTheRightOne) {
  for (const char* other : {"Sec-WebSocket-Version: 12\r\n", "Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Version: 130\r\n",
                            "", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13\r\n"}) {
    version = other;
    const UpgradeDecision decision = decide();
    EXPECT_EQ(decision.status, 426u) << other;
    EXPECT_EQ(decision.headers, kUpgradeRequired) << other;
  }
}

TEST_F(Upgrade, NeedsAKeyOf16Bytes) {
  for (const char* bad :
       {"", "Sec-WebSocket-Key:\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" /* 15 */,
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=\r\n" /* 17 */, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n", "Sec-WebSocket-Key: the sample nonce\r\n",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"}) {
    key = bad;
    EXPECT_EQ(status(), 400u) << bad;
  }
}

TEST_F(Upgrade, NeedsItsConnectionField) {
  connection = "";
  EXPECT_EQ(status(), 400u);
  connection = "Connection: keep-alive\r\n";
  EXPECT_EQ(status(), 400u);
}

TEST_F(Upgrade, IsAGetOfHttp11WithoutABody) {
  request_line = "POST / HTTP/1.1";
  EXPECT_EQ(status(), 400u);
  request_line = "GET / HTTP/1.0";
  EXPECT_EQ(status(), 400u);
  request_line = "GET / HTTP/1.1";
  more = "Content-Length: 1\r\n";
  EXPECT_EQ(status(), 400u);
  more = "Content-Length: 0\r\n";
  EXPECT_EQ(status(), 101u);
}

TEST_F(Upgrade, IsRefusedToABadOriginOnly) {
  allowed_origins = {"https://example.com"};
  EXPECT_EQ(status(), 101u) << "no Origin passes";
  more = "Origin: https://example.com\r\n";
  EXPECT_EQ(status(), 101u);
  more = "Origin: https://evil.test\r\n";
  EXPECT_EQ(status(), 403u);
  more = "Origin:\r\n";
  EXPECT_EQ(status(), 403u);
  more = "Origin: https://example.com\r\nOrigin: https://evil.test\r\n";
  EXPECT_EQ(status(), 400u);
}

TEST_F(Upgrade, IsPutOffWhileDraining) {
  draining = true;
  const UpgradeDecision decision = decide();
  EXPECT_EQ(decision.status, 503u);
  EXPECT_EQ(decision.headers, "Retry-After: 1\r\n");
}

TEST_F(Upgrade, IsGrantedWhileTheBrokerIsNotReady) {
  not_ready = "broker connecting";
  EXPECT_EQ(status(), 101u);
}

TEST_F(Upgrade, TakesTheUserFromTheQuery) {
  const std::vector<std::pair<std::string, std::string>> names{
      {"/?user_name=Alice", "Alice"},
      {"/ws?a=b&user_name=Alice&c", "Alice"},
      {"/?user_name=al%20ice", "al ice"},
      {"/?user_name=al+ice", "al ice"},
      {"/?user_name=al%2Bice", "al+ice"},
      {"/?user%5Fname=x%3D%26", "x=&"},
      {"/?user_name=%C3%84", "\xC3\x84"},
      {"/?user_name=a=b", "a=b"},
      {"/?user_name", ""},
      {"/?&&user_name=a&&", "a"},
      {"/?user_name=a?b", "a?b"},
  };
  for (const auto& [text, name] : names) {
    target(text);
    const UpgradeDecision decision = decide();
    EXPECT_EQ(decision.status, 101u) << text;
    EXPECT_EQ(decision.user_name, name) << text;
    EXPECT_EQ(decision.user_name_error, nullptr) << text;
  }
  for (const char* none : {"/", "/?", "/?username=a", "/?User_Name=a", "/?xuser_name=a"}) {
    target(none);
    EXPECT_EQ(decide().user_name, std::nullopt) << none;
  }
}

/// Left to the connection: a close code reaches a browser's script, a refused upgrade does not.
TEST_F(Upgrade, SaysWhyTheUserInTheQueryCanNotBeRead) {
  for (const char* bad : {"/?user_name=a&user_name=b", "/?user_name=a&user_name=a", "/?user_name&user_name=a", "/?user_name=%",
                          "/?user_name=%zz", "/?user_name=%&x=1"}) {
    target(bad);
    const UpgradeDecision decision = decide();
    EXPECT_EQ(decision.status, 101u) << bad;
    EXPECT_TRUE(decision.user_name) << bad;
    EXPECT_NE(decision.user_name_error, nullptr) << bad;
  }
}

TEST_F(Upgrade, CaresForNoOtherParameter) {
  for (const char* good : {"/?x=%&user_name=a", "/?%=1&user_name=a", "/?user_name=a&x=1&x=1"}) {
    target(good);
    const UpgradeDecision decision = decide();
    EXPECT_EQ(decision.user_name, "a") << good;
    EXPECT_EQ(decision.user_name_error, nullptr) << good;
  }
}

TEST_F(Upgrade, IsRequiredOnTheWebSocketsPaths) {
  for (const char* line :
       {"GET / HTTP/1.1", "GET /ws HTTP/1.1", "HEAD / HTTP/1.1", "POST / HTTP/1.1", "GET /?user_name=a HTTP/1.0"}) {
    plain(line);
    const UpgradeDecision decision = decide();
    EXPECT_EQ(decision.status, 426u) << line;
    EXPECT_EQ(decision.headers, kUpgradeRequired) << line;
  }
}

TEST_F(Upgrade, IsNotFoundElsewhere) {
  for (const char* path : {"/ws/", "/wsx", "/index.html", "/metrics", "/api/v1/instance", "/healthz/", "//"}) {
    target(path);
    EXPECT_EQ(status(), 404u) << path;
  }
}

TEST_F(Upgrade, ProbesAnswerGetAndHead) {
  for (const char* method : {"GET", "HEAD"}) {
    for (const char* path : {"/healthz", "/readyz", "/readyz?verbose"}) {
      plain(std::string(method) + " " + path + " HTTP/1.1");
      EXPECT_EQ(status(), 200u) << method << path;
    }
  }
}

TEST_F(Upgrade, ProbesAllowNoOtherMethod) {
  for (const char* path : {"/healthz", "/readyz"}) {
    plain(std::string("POST ") + path + " HTTP/1.1");
    const UpgradeDecision decision = decide();
    EXPECT_EQ(decision.status, 405u);
    EXPECT_EQ(decision.headers, "Allow: GET, HEAD\r\n");
  }
}

TEST_F(Upgrade, ReadinessSaysWhyNot) {
  not_ready = "broker degraded; link lost";
  plain("GET /readyz HTTP/1.1");
  EXPECT_EQ(status(), 503u);
  EXPECT_EQ(decide().body, not_ready);
  plain("GET /healthz HTTP/1.1");
  EXPECT_EQ(status(), 200u) << "alive is not ready";
}

TEST(Refusal, SaysThatTheConnectionCloses) {
  const UpgradeDecision decision{503, "draining", "Retry-After: 1\r\n", Mode::plain, std::nullopt, nullptr};
  const std::string head =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 9\r\n\r\n";
  EXPECT_EQ(refusal_text(decision, false), head + "draining\n");
  EXPECT_EQ(refusal_text(decision, true), head);
}

}  // namespace
}  // namespace signalbox
