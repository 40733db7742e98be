#include "server/clients/client_message.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using namespace std::string_literals;
using Kind = ClientMessage::Kind;

std::string nested(std::size_t depth, const std::string& inner = {}) {
  return std::string(depth, '[') + inner + std::string(depth, ']');
}

struct Case {
  std::string text;
  Kind kind;
  std::string user_name;
};

void expect_all(ClientMessage (*read)(std::string_view), const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    const ClientMessage message = read(one.text);
    EXPECT_EQ(message.kind, one.kind) << one.text;
    EXPECT_EQ(message.user_name, one.user_name) << one.text;
  }
}

TEST(PlainMessage, RegistersOrPings) {
  expect_all(read_plain_message,
             {
                 {"ping", Kind::ping, ""},
                 {R"({"user_name": "Alice"})", Kind::register_user, "Alice"},
                 {" \r\n\t{ \"user_name\"\n:\t\"Alice\" } ", Kind::register_user, "Alice"},
                 {R"({"token":[1,{"user_name":"Bob"}],"user_name":"Alice","x":null})", Kind::register_user, "Alice"},
                 {R"({"user\u005fname":"\u00c4\"\\\/"})", Kind::register_user, "\xC3\x84\"\\/"},
                 {R"({"user_name":"a","user_name":"b"})", Kind::register_user, "b"},
                 {R"({"user_name":""})", Kind::register_user, ""},
                 {R"({"user_name":"a\u0000b"})", Kind::register_user, "a\0b"s},
                 {R"({"type":"ping","user_name":"Alice"})", Kind::register_user, "Alice"},
             });
}

TEST(PlainMessage, IsNotARegistrationWithoutAString) {
  expect_all(read_plain_message, {
                                     {R"({"user_name":1})", Kind::bad_name, ""},
                                     {R"({"user_name":null})", Kind::bad_name, ""},
                                     {R"({"user_name":["Alice"]})", Kind::bad_name, ""},
                                     {R"({"user_name":{"user_name":"Alice"}})", Kind::bad_name, ""},
                                     {R"({"user_name":"a","user_name":2})", Kind::bad_name, ""},
                                     {"{}", Kind::meaningless, ""},
                                     {R"({"username":"Alice"})", Kind::meaningless, ""},
                                     {R"({"User_Name":"Alice"})", Kind::meaningless, ""},
                                     {R"({"x":{"user_name":"Alice"}})", Kind::meaningless, ""},
                                     {R"(["user_name","Alice"])", Kind::meaningless, ""},
                                     {R"("ping")", Kind::meaningless, ""},
                                     {"12", Kind::meaningless, ""},
                                     {"null", Kind::meaningless, ""},
                                 });
}

TEST(PlainMessage, SaysWhetherItIsJson) {
  for (const std::string& text : {""s,
                                  " "s,
                                  "ping "s,
                                  "PING"s,
                                  "Alice"s,
                                  "{"s,
                                  R"({"user_name":"Alice")"s,
                                  R"({"user_name":"Alice"}})"s,
                                  R"({"user_name":"Alice",})"s,
                                  R"({user_name:"Alice"})"s,
                                  R"({'user_name':'Alice'})"s,
                                  R"({"user_name":"\ud800"})"s,
                                  R"({"user_name":"\udc00\ud800"})"s,
                                  "{\"user_name\":\"a\nb\"}"s,
                                  "{\"user_name\":\"a\"}\0"s,
                                  "{\"user_name\":\"\xFF\"}"s,
                                  R"({"a":01})"s,
                                  R"({"a":NaN})"s,
                                  R"({"user_name":"Alice"}/*x*/)"s,
                                  "\xEF\xBB\xBF{\"user_name\":\"a\"}"s,
                                  nested(33)}) {
    EXPECT_EQ(read_plain_message(text).kind, Kind::not_json) << text;
  }
  EXPECT_EQ(read_plain_message(nested(32)).kind, Kind::meaningless);
}

TEST(EnvelopeMessage, RegistersOrPings) {
  expect_all(read_envelope_message,
             {
                 {"ping", Kind::ping, ""},
                 {R"({"type":"ping"})", Kind::ping, ""},
                 {R"({"type":"pi\u006eg","x":1})", Kind::ping, ""},
                 {R"({"type":"register","user_name":"Alice"})", Kind::register_user, "Alice"},
                 {R"({"token":"t","user_name":"Alice","type":"register"})", Kind::register_user, "Alice"},
                 {R"({"type":"register"})", Kind::bad_name, ""},
                 {R"({"type":"register","user_name":false})", Kind::bad_name, ""},
                 {R"({"user_name":"Alice"})", Kind::meaningless, ""},
                 {R"({"type":"Register","user_name":"Alice"})", Kind::meaningless, ""},
                 {R"({"type":1,"user_name":"Alice"})", Kind::meaningless, ""},
                 {R"([{"type":"ping"}])", Kind::meaningless, ""},
                 {R"({"type":"ping")", Kind::not_json, ""},
             });
}

TEST(EnvelopeText, IsOneJsonObjectEach) {
  EXPECT_EQ(registered_text("al\"ice", "host-1", 18446744073709551615u),
            R"({"type":"registered","user":"al\"ice","instance":"host-1","connection":18446744073709551615})");
  EXPECT_EQ(gap_text("link \"lost\"\n"), R"({"type":"gap","reason":"link \"lost\"\n"})");
  EXPECT_EQ(draining_text(0), R"({"type":"draining","reconnect_in_ms":0})");
  EXPECT_EQ(error_text("unavailable", "later"), R"({"type":"error","code":"unavailable","message":"later"})");
}

TEST(EnvelopeText, KeepsABrokersWordsThatAreNoUtf8) {
  EXPECT_EQ(gap_text("a\xC3\x28\xFF"), R"({"type":"gap","reason":"a?(?"})");
  EXPECT_EQ(gap_text("\xC3\xA4"), "{\"type\":\"gap\",\"reason\":\"\xC3\xA4\"}");
}

TEST(MessageText, HasAnObjectOrArrayInlineAsItWasWritten) {
  for (const std::string& json : {"{}"s, "[]"s, R"({"b":1,"a":1.50e+1,"b":[ ]})"s, " \n[1 ,\t2]\r\n"s, R"(["\u00e4\/"])"s,
                                  "[\"\xC3\xA4\"]"s, "[123456789012345678901234567890]"s, nested(32), nested(31, "{}")}) {
    EXPECT_EQ(message_text(json, true), R"({"type":"message","data":)" + json + "}");
  }
}

TEST(MessageText, HasAnyOtherTextAsAString) {
  const auto data = [](std::string_view payload) {
    const std::string text = message_text(payload, true);
    const std::string before = R"({"type":"message","data":)";
    EXPECT_TRUE(text.starts_with(before) && text.ends_with("}")) << text;
    return text.substr(before.size(), text.size() - before.size() - 1);
  };
  EXPECT_EQ(data(""), R"("")");
  EXPECT_EQ(data("hi"), R"("hi")");
  EXPECT_EQ(data("12"), R"("12")");
  EXPECT_EQ(data("null"), R"("null")");
  EXPECT_EQ(data(R"("s")"), R"("\"s\"")");
  EXPECT_EQ(data("{} {}"), R"("{} {}")");
  EXPECT_EQ(data("{},\"type\":\"gap\""), R"("{},\"type\":\"gap\"")") << "nobody writes members of the envelope";
  EXPECT_EQ(data("[1"), R"("[1")");
  EXPECT_EQ(data(R"(["\ud800"])"), R"("[\"\\ud800\"]")");
  EXPECT_EQ(data("[1]\0"s), R"("[1]\u0000")");
  EXPECT_EQ(data("a\tb\x01"), R"("a\tb\u0001")");
  EXPECT_EQ(data(nested(33)), "\"" + nested(33) + "\"");
}

TEST(MessageText, HasBinaryInBase64) {
  EXPECT_EQ(message_text("", false), R"({"type":"message","base64":""})");
  EXPECT_EQ(message_text("\x00\xFF\x10"s, false), R"({"type":"message","base64":"AP8Q"})");
  EXPECT_EQ(message_text("{}", false), R"({"type":"message","base64":"e30="})") << "what it looks like does not matter";
}

}  // namespace
}  // namespace signalbox
