// Requests that two parsers could read differently, or that are beyond a limit: the cases of h1spec, of the desync tests of
// HAProxy and nghttp2, and what Boost.Beast 1.81 lets pass or dies of. Each on both listeners, in one write and byte by byte:
// refused once, the connection closed, what was hidden behind it never read as a request, and the process unharmed. All cases
// of a listener take turns on one server, beside a client that must not notice.
#include <algorithm>
#include <cctype>
#include <memory>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/footprint.hpp"
#include "tests/support/instance.hpp"
#include "tests/support/raw_socket.hpp"

namespace signalbox::test {
namespace {

using namespace std::string_literals;

enum class On { clients, api };

struct Case {
  std::string name;
  unsigned status;
  /// "~" stands for the listener's method and target; the fields of a good request of that listener follow by themselves.
  std::string line;
  std::string fields;
  std::string body;
};

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const std::string kLine = "~ HTTP/1.1\r\n";
const std::string kHost = "Host: a\r\n";
const std::string kHidden = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kChunks = "0\r\n\r\n";
const std::string kChunked = kHost + "Transfer-Encoding: chunked\r\n";
/// Long enough for a second request to end in it, if it were taken for a body.
const std::string kBody = std::string(5, 'x');

Case with_line(const char* name, const std::string& line, unsigned status = 400) { return {name, status, line, kHost, ""}; }
Case with_fields(const char* name, const std::string& fields, unsigned status = 400) {
  return {name, status, kLine, kHost + fields, kBody};
}
Case with_host(const char* name, const std::string& fields) { return {name, 400, kLine, fields, ""}; }
Case with_length(const char* name, const std::string& value) { return with_fields(name, "Content-Length:" + value + "\r\n"); }
Case with_coding(const char* name, const std::string& value, unsigned status = 501) {
  return {name, status, kLine, kHost + "Transfer-Encoding:" + value + "\r\n", kChunks};
}

std::vector<Case> request_lines() {
  return {
      with_line("LineEndsInLf", "~ HTTP/1.1\n"),
      with_line("LineEndsInCr", "~ HTTP/1.1\r"),
      with_line("EmptyLineFirst", "\r\n~ HTTP/1.1\r\n"),
      with_line("LfFirst", "\n~ HTTP/1.1\r\n"),
      with_line("SpaceFirst", " ~ HTTP/1.1\r\n"),
      with_line("TwoSpacesBeforeTheTarget", "GET  /healthz HTTP/1.1\r\n"),
      with_line("TwoSpacesBeforeTheVersion", "~  HTTP/1.1\r\n"),
      with_line("TabBeforeTheVersion", "~\tHTTP/1.1\r\n"),
      with_line("SpaceAfterTheVersion", "~ HTTP/1.1 \r\n"),
      with_line("SpaceInTheTarget", "GET /a b HTTP/1.1\r\n"),
      with_line("NoTarget", "GET HTTP/1.1\r\n"),
      with_line("NoVersion", "~\r\n"),
      with_line("VersionInLowerCase", "~ http/1.1\r\n"),
      with_line("OtherProtocol", "~ ICY/1.1\r\n"),
      with_line("VersionWithoutADot", "~ HTTP/11\r\n", 505),
      with_line("Http09", "~ HTTP/0.9\r\n", 505),
      with_line("Http12", "~ HTTP/1.2\r\n", 505),
      with_line("Http20", "~ HTTP/2.0\r\n", 505),
      {"PrefaceOfHttp2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", ""},
      with_line("AbsoluteTarget", "GET http://a/healthz HTTP/1.1\r\n"),
      with_line("AbsoluteTargetOfAnotherHost", "GET http://b/healthz HTTP/1.1\r\n"),
      with_line("AuthorityTarget", "CONNECT a:80 HTTP/1.1\r\n"),
      with_line("AsteriskTarget", "OPTIONS * HTTP/1.1\r\n"),
      with_line("TargetWithoutASlash", "GET healthz HTTP/1.1\r\n"),
      with_line("NulInTheTarget", "GET /\0 HTTP/1.1\r\n"s),
      with_line("ControlByteInTheTarget", "GET /\x01 HTTP/1.1\r\n"),
      with_line("ControlByteInTheMethod", "G\x01T / HTTP/1.1\r\n"),
      with_line("MethodThatIsNoToken", "G(T / HTTP/1.1\r\n"),
      with_line("TlsHello", "\x16\x03\x01\x02\x00\x01\x00\r\n"s),
      with_line("TargetOf17KiB", "GET /" + std::string(17 * 1024, 'x') + " HTTP/1.1\r\n", 431),
  };
}

std::vector<Case> fields() {
  return {
      with_fields("FieldEndsInLf", "A: b\n"),
      with_fields("FieldEndsInCr", "A: b\rC: d\r\n"),
      with_fields("FieldEndsInCrCrLf", "A: b\r\r\n"),
      with_fields("FoldedBySpace", "A: b\r\n c\r\n"),
      with_fields("FoldedByTab", "A: b\r\n\tc\r\n"),
      with_fields("FoldedContentLength", "Content-Length: 0\r\n 5\r\n"),
      with_fields("FoldedTransferEncoding", "Transfer-Encoding:\r\n chunked\r\n"),
      with_host("FirstFieldFolded", " Host: a\r\n"),
      with_fields("SpaceBeforeTheColon", "A : b\r\n"),
      with_fields("SpaceBeforeTheColonOfContentLength", "Content-Length : 5\r\n"),
      with_fields("TabBeforeTheColonOfTransferEncoding", "Transfer-Encoding\t: chunked\r\n"),
      with_fields("NoColon", "A\r\n"),
      with_fields("NoName", ": b\r\n"),
      with_fields("NameThatIsNoToken", "A(b): c\r\n"),
      with_fields("NameBeyondAscii", "Content-Length\xC2\xA0: 5\r\n"),
      with_fields("NulInAName", "A\0B: c\r\n"s),
      with_fields("NulInAValue", "A: b\0c\r\n"s),
      with_fields("ControlByteInAValue", "A: \x01\r\n"),
      with_fields("DelInAValue", "A: \x7f\r\n"),
      with_fields("EscapeInAValue", "A: \x1b[2J\r\n"),
      with_fields("TwoContentTypes", "Content-Type: text/plain\r\nContent-Type: application/octet-stream\r\n"),
      with_fields("ValueOf17KiB", "A: " + std::string(17 * 1024, 'x') + "\r\n", 431),
      with_fields("ValueOf70KiB", "A: " + std::string(70 * 1024, 'x') + "\r\n", 431),
      with_fields("NameOf70KiB", std::string(70 * 1024, 'A') + ": b\r\n", 431),
      with_fields(
          "Fields150",
          [] {
            std::string many;
            for (int i = 0; i < 150; ++i) many += "A: b\r\n";
            return many;
          }(),
          431),
  };
}

std::vector<Case> hosts() {
  return {
      with_host("NoHost", ""),
      with_host("TwoHosts", "Host: a\r\nHost: b\r\n"),
      with_host("TwoEqualHosts", "Host: a\r\nhost: a\r\n"),
      with_host("HostWithASpace", "Host: a b\r\n"),
      with_host("HostsInOneField", "Host: a, b\r\n"),
      with_host("HostWithAPath", "Host: a/b\r\n"),
      with_host("HostWithAUser", "Host: a@b\r\n"),
      with_host("HostWithTwoPorts", "Host: a:1:2\r\n"),
      with_host("HostWithoutItsBracket", "Host: [::1\r\n"),
      with_fields("HostNamedByConnection", "Connection: close, Host\r\n"),
  };
}

std::vector<Case> lengths() {
  return {
      with_length("TwoLengthsInOneField", " 5,5"),
      with_length("TwoLengthsInOneFieldWithASpace", " 5, 5"),
      with_length("NegativeLength", " -1"),
      with_length("LengthWithASign", " +5"),
      with_length("HexadecimalLength", " 0x5"),
      with_length("LengthWithAUnit", " 5b"),
      with_length("LengthWithAFraction", " 5.0"),
      with_length("LengthWithASpace", " 5 0"),
      with_length("LengthWithAVerticalTab",
                  " \x0b"
                  "5"),
      with_length("LengthInQuotes", " \"5\""),
      with_length("EmptyLength", ""),
      with_length("LengthOf2To64", " 18446744073709551616"),
      with_length("LengthOf2To64And5", " 18446744073709551621"),
      with_length("LengthOf30Digits", " 000000000099999999999999999999"),
      with_fields("TwoEqualLengths", "Content-Length: 5\r\nContent-Length: 5\r\n"),
      with_fields("TwoLengths", "Content-Length: 0\r\ncontent-length: 5\r\n"),
      with_fields("LengthWithAnUnderscore", "Content_Length: 5\r\n"),
      with_fields("LengthNamedByConnection", "Content-Length: 5\r\nConnection: Content-Length\r\n"),
  };
}

std::vector<Case> codings() {
  const auto with_both = [](const char* name, const std::string& fields) {
    return Case{name, 400, kLine, kHost + fields, kChunks};
  };
  return {
      with_coding("Chunked", " chunked", 411),
      with_coding("ChunkedInCapitals", " CHUNKED", 411),
      with_coding("ChunkedAmongWhiteSpace", "\t chunked \t", 411),
      with_coding("ChunkedBehindAVerticalTab",
                  "\x0b"
                  "chunked",
                  400),
      with_coding("ChunkedBeforeANul", " chunked\0"s, 400),
      with_coding("ChunkedInQuotes", " \"chunked\""),
      with_coding("ChunkedWithAParameter", " chunked;q=1"),
      with_coding("ChunkedBehindAComma", " , chunked"),
      with_coding("Identity", " identity"),
      with_coding("Gzip", " gzip"),
      with_coding("GzipChunked", " gzip, chunked"),
      with_coding("ChunkedGzip", " chunked, gzip"),
      with_coding("ChunkedTwice", " chunked, chunked"),
      with_coding("UnknownCoding", " xchunked"),
      with_coding("EmptyCoding", ""),
      with_coding("TwoCodings", " chunked\r\nTransfer-Encoding: identity"),
      with_coding("TwoEqualCodings", " chunked\r\nTransfer-Encoding: chunked"),
      with_both("CodingWithAnUnderscore", "Transfer_Encoding: chunked\r\n"),
      with_both("LengthThenChunked", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
      with_both("ChunkedThenLength", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
      with_both("GzipWithALength", "Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"),
      with_both("IdentityWithALength", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n"),
      {"ChunkedInHttp10", 411, "~ HTTP/1.0\r\n", kChunked, kChunks},
      {"ChunkedInHttp10WithALength", 400, "~ HTTP/1.0\r\n", kChunked + "Content-Length: 5\r\n", kChunks},
      {"ChunkOf2To64", 411, kLine, kChunked, "ffffffffffffffff\r\nx"},
      {"ChunkOf2To100", 411, kLine, kChunked, "fffffffffffffffffffffffff\r\nx"},
      {"ChunkExtensionOf70KiB", 411, kLine, kChunked, "0;" + std::string(70 * 1024, 'e') + "\r\n\r\n"},
      {"TrailerOf70KiB", 411, kLine, kChunked, "0\r\nA: " + std::string(70 * 1024, 'b') + "\r\n\r\n"},
      {"TrailerOf70KiBInPart", 411, kLine, kChunked, "0\r\nA: " + std::string(70 * 1024, 'b')},
      {"HostInATrailer", 411, kLine, kChunked, "0\r\nHost: b\r\n\r\n"},
  };
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& group : {request_lines(), fields(), hosts(), lengths(), codings()})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

std::string request_of(const Case& one, On listener) {
  std::string line = one.line;
  const std::size_t place = line.find('~');
  if (place != std::string::npos)
    line.replace(place, 1, listener == On::clients ? "GET /" : "POST /api/v1/users/alice/messages");
  const std::string good = listener == On::clients
                               ? "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                               : "Content-Type: text/plain\r\n";
  return line + one.fields + good + "\r\n" + one.body;
}

/// How many answers there are. No body of ours holds a status line.
int answers_in(const std::string& text) {
  int found = 0;
  for (std::size_t at = text.find("HTTP/1."); at != std::string::npos; at = text.find("HTTP/1.", at + 1)) {
    found += at + 9 < text.size() && std::isdigit(static_cast<unsigned char>(text[at + 9])) != 0 ? 1 : 0;
  }
  return found;
}

/// What all cases of a listener share.
struct Bystander {
  Bystander() : client(instance.connect("alice")), before(footprint()) {}

  [[nodiscard]] Footprint footprint() { return Footprint::of(instance.process().pid()); }

  Instance instance;
  WebSocketClient client;
  Footprint before;
};

class Desync : public testing::TestWithParam<std::tuple<Case, On>> {
 protected:
  static void SetUpTestSuite() { shared_ = std::make_unique<Bystander>(); }

  static void TearDownTestSuite() {
    Instance& instance = shared_->instance;
    EXPECT_TRUE(wait_until([] { return shared_->footprint().descriptors <= shared_->before.descriptors; }))
        << shared_->footprint().descriptors << " descriptors, before: " << shared_->before.descriptors;
    EXPECT_EQ(instance.publish("alice", "afterwards").status, 200u);
    EXPECT_EQ(shared_->client.next_payload(), "afterwards") << "something came before";
    EXPECT_TRUE(instance.connect("newcomer").answers_ping());
    shared_->client.abort();
    instance.expect_clean_end();
    shared_.reset();
  }

  [[nodiscard]] static On listener() { return std::get<On>(GetParam()); }
  [[nodiscard]] static std::uint16_t port() {
    return listener() == On::clients ? shared_->instance.port() : shared_->instance.api_port();
  }

  void expect_refused(RawSocket& socket) {
    const Case& one = std::get<Case>(GetParam());
    EXPECT_TRUE(socket.read_to_end()) << "left open, answered: " << socket.received();
    const std::string& answer = socket.received();
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + std::to_string(one.status)) << answer;
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos) << answer;
    EXPECT_EQ(answers_in(answer), 1) << "a second request was read out of the first: " << answer;
  }

  static std::unique_ptr<Bystander> shared_;
};
std::unique_ptr<Bystander> Desync::shared_;

TEST_P(Desync, IsRefusedOnceAndCloses) {
  const std::string request = request_of(std::get<Case>(GetParam()), listener());
  RawSocket at_once(port());
  at_once.send(request + kHidden + kHidden);
  expect_refused(at_once);

  constexpr std::size_t kFewBytes = 1024;  // more would take long, and say no more
  RawSocket piecewise(port());
  for (std::size_t at = 0; at < std::min(request.size(), kFewBytes); ++at) piecewise.send(request.substr(at, 1));
  piecewise.send(request.substr(std::min(request.size(), kFewBytes)));
  piecewise.send(kHidden + kHidden);
  expect_refused(piecewise);

  Instance& instance = shared_->instance;
  ASSERT_TRUE(instance.process().running());
  EXPECT_EQ(instance.http().get("/healthz").status, 200u);
  EXPECT_EQ(instance.metric("signalbox_published_total"), 0) << "what was refused was not carried out either";
}

std::string name_of(const testing::TestParamInfo<std::tuple<Case, On>>& one) { return std::get<Case>(one.param).name; }

INSTANTIATE_TEST_SUITE_P(DesyncOnClients, Desync,
                         testing::Combine(testing::ValuesIn(all_cases()), testing::Values(On::clients)), name_of);
INSTANTIATE_TEST_SUITE_P(DesyncOnApi, Desync, testing::Combine(testing::ValuesIn(all_cases()), testing::Values(On::api)),
                         name_of);

TEST(DesyncOnClients, GivesNoSecondAnswer) {
  Instance instance;
  for (const char* first :
       {"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /healthz HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"}) {
    RawSocket socket(instance.port());
    socket.send(first + kHidden);
    EXPECT_TRUE(socket.read_to_end());
    EXPECT_EQ(answers_in(socket.received()), 1) << first << socket.received();
    EXPECT_NE(socket.received().find("\r\nConnection: close\r\n"), std::string::npos) << socket.received();
  }
}

TEST(DesyncOnApi, SpeaksOnInHttp1WhereAnUpgradeIsOffered) {
  Instance instance;
  RawSocket socket(instance.api_port());
  socket.send(
      "POST /api/v1/users/alice/messages HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, websocket\r\nConnection: Upgrade, "
      "HTTP2-Settings\r\n"
      "Content-Length: 5\r\n\r\nhello" +
      kHidden);
  ASSERT_TRUE(socket.read_until("ok\n"));
  EXPECT_EQ(socket.received().substr(0, 12), "HTTP/1.1 404") << socket.received();
  EXPECT_EQ(answers_in(socket.received()), 2);
}

}  // namespace
}  // namespace signalbox::test
