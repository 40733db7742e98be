// Which heads are taken, which are refused and with what status. The table of leniencies is that of Boost.Beast 1.81 and of
// the request smuggling cases that are known (h1spec, HAProxy's reg-tests): a head that two parsers could read differently
// must never be `complete`.
#include "server/http/request_head.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::http {
namespace {

using namespace std::string_literals;
using Kind = HeadResult::Kind;

/// What became of a head: its status, or 0 for incomplete and 200 for complete.
unsigned outcome(std::string_view bytes) {
  RequestHead head;
  const HeadResult result = parse_head(bytes, head);
  if (result.kind == Kind::refused) {
    EXPECT_STRNE(result.reason, "");
    return result.status;
  }
  return result.kind == Kind::complete ? 200 : 0;
}

std::string get(const std::string& lines, const std::string& request_line = "GET / HTTP/1.1") {
  return request_line + "\r\nHost: a\r\n" + lines + "\r\n";
}

struct Case {
  const char* name;
  std::string bytes;
  unsigned status;
};

void expect_all(const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_EQ(outcome(one.bytes), one.status) << one.name << ": " << one.bytes.substr(0, 200);
}

const std::string kGood =
    "POST /api/v1/users/al%20ice/messages?x=1 HTTP/1.1\r\nHost: a:8766\r\nContent-Length: 3\r\n"
    "X-Empty:\r\nAccept: text/html, */*;q=0.8\r\n\r\n";

TEST(RequestHead, IsReadWithItsFields) {
  RequestHead head;
  const std::string bytes = kGood + "abc";
  const HeadResult result = parse_head(bytes, head);
  ASSERT_EQ(result.kind, Kind::complete);
  EXPECT_EQ(result.bytes, kGood.size());
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/api/v1/users/al%20ice/messages?x=1");
  EXPECT_EQ(head.path(), "/api/v1/users/al%20ice/messages");
  EXPECT_EQ(head.query(), "x=1");
  EXPECT_FALSE(head.http_1_0);
  EXPECT_EQ(head.content_length, 3u);
  EXPECT_EQ(head.fields.size(), 4u);
  EXPECT_EQ(head.find("HOST"), "a:8766");
  EXPECT_EQ(head.find("x-empty"), "");
  EXPECT_EQ(head.find("x-absent"), std::nullopt);
  EXPECT_EQ(head.count("accept"), 1u);
}

TEST(RequestHead, IsIncompleteAtEveryByteButTheLast) {
  for (std::size_t size = 0; size < kGood.size(); ++size) {
    RequestHead head;
    ASSERT_EQ(parse_head(kGood.substr(0, size), head).kind, Kind::incomplete) << size;
  }
  EXPECT_EQ(outcome(kGood), 200u);
}

TEST(RequestHead, EndsWhereTheNextRequestBegins) {
  RequestHead head;
  const std::string first = get("");
  const std::string both = first + get("", "GET /second HTTP/1.1");
  const HeadResult result = parse_head(both, head);
  ASSERT_EQ(result.kind, Kind::complete);
  EXPECT_EQ(result.bytes, first.size());
  ASSERT_EQ(parse_head(std::string_view(both).substr(result.bytes), head).kind, Kind::complete);
  EXPECT_EQ(head.target, "/second");
}

TEST(RequestHead, IsRefusedWhereALineHasNoProperEnd) {
  expect_all({
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
      {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare LF is seen before the head is complete", "GET / HTTP/1.1\n", 400},
      {"LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bare CR in a value", get("X: a\rY: b\r\n"), 400},
      {"bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CR CR LF", get("X: a\r\r\n"), 400},
      {"empty line first", "\r\n" + get(""), 400},
  });
}

TEST(RequestHead, IsRefusedWhereAFieldIsNotNameColonValue) {
  expect_all({
      {"folded by a space", get("X: a\r\n b\r\n"), 400},
      {"folded by a tab", get("X: a\r\n\tb\r\n"), 400},
      {"first field line folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"folded Transfer-Encoding", get("Transfer-Encoding:\r\n chunked\r\n"), 400},
      {"space before the colon", get("X : a\r\n"), 400},
      {"tab before the colon", get("X\t: a\r\n"), 400},
      {"space before the colon of Content-Length", get("Content-Length : 3\r\n"), 400},
      {"no colon", get("X\r\n"), 400},
      {"no name", get(": a\r\n"), 400},
      {"a name that is no token", get("X(1): a\r\n"), 400},
      {"a name beyond ASCII", get("X\xC3\xA4: a\r\n"), 400},
      {"NUL in a name", get("X\0Y: a\r\n"s), 400},
      {"NUL in a value", get("X: a\0b\r\n"s), 400},
      {"NUL in the target", get("", "GET /\0 HTTP/1.1"s), 400},
      {"a control byte in a value", get("X: a\x01"s + "b\r\n"), 400},
      {"DEL in a value", get("X: a\x7F"s + "b\r\n"), 400},
      {"a tab in a value is white space", get("X: a\tb\r\n"), 200},
      {"bytes beyond ASCII in a value", get("X: \xC3\xA4\xFF\r\n"), 200},
      {"a token of every punctuation", get("!#$%&'*+-.^_`|~9: a\r\n"), 200},
  });
}

TEST(RequestHead, NeedsExactlyOneHost) {
  expect_all({
      {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", get("Host: b\r\n"), 400},
      {"two equal Hosts", get("hOST: a\r\n"), 400},
      {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 200},
      {"a Host with a port", "GET / HTTP/1.1\r\nHost: [::1]:8765\r\n\r\n", 200},
      {"a Host of every character", "GET / HTTP/1.1\r\nHost: a-b._~%C3%A4!$&'()*+;=:65535\r\n\r\n", 200},
      {"an address beyond IPv6", "GET / HTTP/1.1\r\nHost: [v1.a:b]\r\n\r\n", 200},
      {"a Host with an empty port", "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 200},
      {"a port that is no number", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400},
      {"a port beyond 65535", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400},
      {"a port beyond 65536", "GET / HTTP/1.1\r\nHost: a:65537\r\n\r\n", 400},
      {"port 0", "GET / HTTP/1.1\r\nHost: a:0\r\n\r\n", 400},
      {"two ports", "GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
      {"a port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
      {"two Hosts in one", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
      {"IPv6 without its end", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
      {"IPv6 without brackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400},
      {"IPv6 that is none", "GET / HTTP/1.1\r\nHost: [::x]\r\n\r\n", 400},
      {"what follows IPv6", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400},
      {"a bracket alone", "GET / HTTP/1.1\r\nHost: a]\r\n\r\n", 400},
      {"half a percent-encoding", "GET / HTTP/1.1\r\nHost: a%2\r\n\r\n", 400},
      {"HTTP/1.0 with a bad Host", "GET / HTTP/1.0\r\nHost: a:b\r\n\r\n", 400},
      {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
      {"a Host beyond ASCII", "GET / HTTP/1.1\r\nHost: \xC3\xA4\r\n\r\n", 400},
      {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
      {"HTTP/1.0 with two Hosts", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
  });
}

TEST(RequestHead, TakesOneDecimalContentLengthOnly) {
  const auto with = [](const std::string& value) { return get("Content-Length:" + value + "\r\n", "POST / HTTP/1.1"); };
  expect_all({
      {"3", with(" 3"), 200},
      {"without a space", with("3"), 200},
      {"3 among white space", with(" \t 3 \t "), 200},
      {"leading zeros", with(" 0003"), 200},
      {"2^64 - 1", with(" 18446744073709551615"), 200},
      {"2^64", with(" 18446744073709551616"), 400},
      {"far beyond", with(" 99999999999999999999999999"), 400},
      {"+3", with(" +3"), 400},
      {"-3", with(" -3"), 400},
      {"3x", with(" 3x"), 400},
      {"0x3", with(" 0x3"), 400},
      {"3.0", with(" 3.0"), 400},
      {"5,5", with(" 5,5"), 400},
      {"5, 5", with(" 5, 5"), 400},
      {"3 4", with(" 3 4"), 400},
      {"empty", with(""), 400},
      {"white space only", with("  "), 400},
      {"with an underscore", get("Content_Length: 5\r\n", "POST / HTTP/1.1"), 400},
      {"named by Connection", get("Connection: close, Content-Length\r\nContent-Length: 5\r\n", "POST / HTTP/1.1"), 400},
      {"two equal", get("Content-Length: 5\r\nContent-Length: 5\r\n", "POST / HTTP/1.1"), 400},
      {"two different", get("Content-Length: 5\r\ncontent-length: 6\r\n", "POST / HTTP/1.1"), 400},
  });
}

TEST(RequestHead, HasOneContentTypeAtMost) {
  expect_all({
      {"one", get("Content-Type: text/plain\r\n", "POST / HTTP/1.1"), 200},
      {"two", get("Content-Type: text/plain\r\ncontent-type: application/octet-stream\r\n", "POST / HTTP/1.1"), 400},
      {"two equal", get("Content-Type: a/b\r\nContent-Type: a/b\r\n", "POST / HTTP/1.1"), 400},
  });
}

TEST(RequestHead, TakesNoTransferEncoding) {
  const auto with = [](const std::string& lines) { return get(lines, "POST / HTTP/1.1"); };
  expect_all({
      {"chunked", with("Transfer-Encoding: chunked\r\n"), 411},
      {"Chunked", with("transfer-encoding: Chunked\r\n"), 411},
      {"gzip", with("Transfer-Encoding: gzip\r\n"), 501},
      {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"chunked, identity", with("Transfer-Encoding: chunked, identity\r\n"), 501},
      {"xchunked", with("Transfer-Encoding: xchunked\r\n"), 501},
      {"empty", with("Transfer-Encoding:\r\n"), 501},
      {"twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 501},
      {"chunked with a length", with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"gzip with a length", with("Transfer-Encoding: gzip\r\nContent-Length: 3\r\n"), 400},
      {"chunked in HTTP/1.0", get("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), 411},
      {"with an underscore", with("transfer_encoding: chunked\r\n"), 400},
      {"chunked in a GET", get("Transfer-Encoding: chunked\r\n"), 411},
  });
}

TEST(RequestHead, HasToBeHttp1WithAPath) {
  expect_all({
      {"absolute form", get("", "GET http://a/ HTTP/1.1"), 400},
      {"asterisk form", get("", "OPTIONS * HTTP/1.1"), 400},
      {"authority form", get("", "CONNECT a:80 HTTP/1.1"), 400},
      {"no target", get("", "GET  HTTP/1.1"), 400},
      {"two spaces", get("", "GET /  HTTP/1.1"), 400},
      {"a space in the target", get("", "GET /a b HTTP/1.1"), 400},
      {"a space first", get("", " GET / HTTP/1.1"), 400},
      {"HTTP/1.2", get("", "GET / HTTP/1.2"), 505},
      {"HTTP/2.0", get("", "GET / HTTP/2.0"), 505},
      {"HTTP/0.9", get("", "GET / HTTP/0.9"), 505},
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"a method in lower case is another method", get("", "get / HTTP/1.1"), 200},
      {"a method that nobody knows", get("", "BREW / HTTP/1.1"), 200},
      {"a method that is no token", get("", "G(T / HTTP/1.1"), 400},
  });
  for (const char* line : {"GET /", "GET / FTP/1.1", "GET / HTTP/1.1 ", "GET / http/1.1", "hello", "\x16\x03\x01"}) {
    EXPECT_EQ(outcome(get("", line)), 400u) << line;
  }
}

TEST(RequestHead, KeepsTheCaseOfTheMethod) {
  RequestHead head;
  const std::string bytes = get("", "get / HTTP/1.1");
  ASSERT_EQ(parse_head(bytes, head).kind, Kind::complete);
  EXPECT_EQ(head.method, "get");
}

TEST(RequestHead, HasAtMost128Fields) {
  std::string lines;
  for (int i = 1; i < 128; ++i) lines += "X-" + std::to_string(i) + ": a\r\n";  // Host is the first
  EXPECT_EQ(outcome(get(lines)), 200u);
  EXPECT_EQ(outcome(get(lines + "Y: a\r\n")), 431u);
}

TEST(RequestHead, HasAtMost16384Bytes) {
  const std::string empty = get("X: \r\n");
  const auto of_size = [&](std::size_t size) { return get("X: " + std::string(size - empty.size(), 'a') + "\r\n"); };
  ASSERT_EQ(of_size(kMaxHeadBytes).size(), 16384u);
  EXPECT_EQ(outcome(of_size(kMaxHeadBytes)), 200u);
  EXPECT_EQ(outcome(of_size(kMaxHeadBytes) + "more"), 200u);
  EXPECT_EQ(outcome(of_size(kMaxHeadBytes + 1)), 431u);
  EXPECT_EQ(outcome(of_size(100'000)), 431u);
  const std::string line(kMaxHeadBytes + 1, 'a');
  EXPECT_EQ(outcome(line.substr(1)), 0u) << "one byte may still come";
  EXPECT_EQ(outcome(line), 431u) << "nothing that may come makes it a head";
}

TEST(RequestHead, KeepsTheConnectionByTheRulesOfItsVersion) {
  const auto keeps = [](const std::string& bytes) {
    RequestHead head;
    EXPECT_EQ(parse_head(bytes, head).kind, Kind::complete) << bytes;
    return head.keep_alive;
  };
  EXPECT_TRUE(keeps(get("")));
  EXPECT_TRUE(keeps(get("Connection: keep-alive\r\n")));
  EXPECT_TRUE(keeps(get("Connection: closed\r\n")));
  EXPECT_FALSE(keeps(get("Connection: Close\r\n")));
  EXPECT_FALSE(keeps(get("Connection: keep-alive\r\nConnection: x, close\r\n")));
  EXPECT_FALSE(keeps(get("", "GET / HTTP/1.0")));
  EXPECT_FALSE(keeps(get("Connection: Keep-Alive\r\n", "GET / HTTP/1.0"))) << "no answer says keep-alive";
}

}  // namespace
}  // namespace signalbox::http
