#include "server/text/json.hpp"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signalbox::json {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

/// The members with their values, by copy.
std::vector<std::pair<std::string, std::string>> all(std::string_view text) {
  const auto found = members(text);
  EXPECT_TRUE(found) << text;
  std::vector<std::pair<std::string, std::string>> copies;
  if (!found) return copies;
  for (const Member& member : *found) copies.emplace_back(member.name, member.value);
  return copies;
}

TEST(Members, HaveTheirValuesBytesAsTheyWereWritten) {
  EXPECT_THAT(all(R"({"a":1,"b" : [ 1, {"x":"]}"} ] ,"c":{"d": "}"},"e":"\"\\", "f":-1.50E+2,"g":true,"h":null})"),
              ElementsAre(Pair("a", "1"), Pair("b", R"([ 1, {"x":"]}"} ])"), Pair("c", R"({"d": "}"})"), Pair("e", R"("\"\\")"),
                          Pair("f", "-1.50E+2"), Pair("g", "true"), Pair("h", "null")));
  EXPECT_THAT(all("\r\n { \"a\"\t:\n1 \r,\n\"b\":2\t} \n"), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_THAT(all(R"({"a":[],"b":{},"c":"","d":[[]]})"),
              ElementsAre(Pair("a", "[]"), Pair("b", "{}"), Pair("c", "\"\""), Pair("d", "[[]]")));
  EXPECT_THAT(all("{}"), IsEmpty());
  EXPECT_THAT(all(" { } "), IsEmpty());
}

TEST(Members, HaveTheirNamesUnescaped) {
  EXPECT_THAT(all(R"({"u\u0073er":1,"\"":2,"\\":3,"\ud83d\ude00":4,"":5,"a\u0000b":6,",:{}":7})"),
              ElementsAre(Pair("user", "1"), Pair("\"", "2"), Pair("\\", "3"), Pair("\xF0\x9F\x98\x80", "4"), Pair("", "5"),
                          Pair("a\0b"s, "6"), Pair(",:{}", "7")));
}

TEST(Members, StandAsOftenAsTheyAreWritten) {
  EXPECT_THAT(all(R"({"a":1,"b":2,"a":3,"\u0061":4})"),
              ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("a", "3"), Pair("a", "4")));
}

TEST(Members, PointIntoTheText) {
  const std::string text = R"({"a":[1]})";
  const auto found = members(text);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->front().value.data(), text.data() + 5);
}

TEST(Members, AreThoseOfOneValidObjectOnly) {
  for (const std::string& bad : {""s,
                                 " "s,
                                 "[]"s,
                                 "1"s,
                                 R"("{}")"s,
                                 "{"s,
                                 "}"s,
                                 "{}x"s,
                                 "{}{}"s,
                                 R"({"a"})"s,
                                 R"({"a":})"s,
                                 R"({"a":1,})"s,
                                 R"({,"a":1})"s,
                                 R"({"a":1 "b":2})"s,
                                 R"({a:1})"s,
                                 R"({"a":'b'})"s,
                                 R"({"a":"b)"s,
                                 R"({"a":[})"s,
                                 R"({"a":1]})"s,
                                 R"({"a":tru})"s,
                                 R"({"a":+1})"s,
                                 R"({"a":.5})"s,
                                 R"({"a":1.})"s,
                                 R"({"a":0x1})"s,
                                 R"({"a":Infinity})"s,
                                 R"({"a":"\x"})"s,
                                 R"({"a":"\u12"})"s,
                                 R"({"\ud800":1})"s,
                                 "{\"a\":\"\x01\"}"s,
                                 "{\"\xC3\":1}"s,
                                 "{\"a\":\"\xED\xA0\x80\"}"s,
                                 "{}\0"s}) {
    EXPECT_EQ(members(bad).has_value(), false) << bad;
  }
}

TEST(Members, MayBeNestedAsDeepAsItIsSaid) {
  const std::string deep = "{\"a\":" + nested(31) + "}";
  const std::string deeper = "{\"a\":" + nested(32) + "}";
  EXPECT_TRUE(members(deep));
  EXPECT_FALSE(members(deeper));
  EXPECT_TRUE(members(deeper, kMaxDepth + 1));
}

TEST(MembersAtAnyDepth, HaveTheirValuesBytesAsTheyWereWritten) {
  for (const std::size_t depth : {1u, 31u, 32u, 33u, 63u, 64u, 65u, 1000u, 100'000u}) {
    const std::string objects = [&] {
      std::string text;
      for (std::size_t i = 0; i < depth; ++i) text += R"({"]}\\\"": )";
      return text + "1.0" + std::string(depth, '}');
    }();
    const std::string text = R"({"a":)" + nested(depth) + R"(,"b":"x", "c" : )" + objects + " }";
    const auto found = members_at_any_depth(text);
    ASSERT_TRUE(found) << depth;
    ASSERT_EQ(found->size(), 3u);
    EXPECT_EQ((*found)[0].value, nested(depth));
    EXPECT_EQ((*found)[1].value, "\"x\"");
    EXPECT_EQ((*found)[2].value, objects);
  }
}

TEST(MembersAtAnyDepth, AreThoseOfOneValidObjectOnly) {
  for (const std::size_t depth : {0u, 31u, 32u, 40u, 64u, 70u, 5000u}) {
    const std::string open = R"({"a":)" + std::string(depth, '[');
    const std::string close = std::string(depth, ']') + "}";
    ASSERT_TRUE(members_at_any_depth(open + "[]" + close)) << depth;
    for (const std::string& bad :
         {"["s,    "]"s,      "[]]"s,  "[}"s,       "{]"s,        "1["s,     "1[]"s,     "[]1"s,
          "[][]"s, "tru[]e"s, "\"x"s,  "\"\\"s,     "\"\\u"s,     "\"\\ud"s, "\"\\ud8"s, "\"\\udx00\""s,
          "[1,]"s, "{[]:1}"s, "\xFF"s, "\"\xFF\""s, "{\"a\" 1}"s, "'a'"s,    "[],"s}) {
      EXPECT_FALSE(members_at_any_depth(open + bad + close)) << depth << " " << bad;
      EXPECT_FALSE(members_at_any_depth(open + bad)) << depth << " " << bad;
    }
  }
  EXPECT_FALSE(members_at_any_depth("{\"a\":" + std::string(1'000'000, '['))) << "and no stack is spent on it";
  EXPECT_FALSE(members_at_any_depth("[" + nested(40) + "]"));
}

TEST(MembersAtAnyDepth, AgreeWithAParserThatRecurses) {
  constexpr const char* kTokens[] = {"{", "}", "[", "]", ",", ":", "\"a\"", "\"[\\\"\"", "1", " ", "[[[[", "]]]]"};
  std::mt19937 random(7);  // NOLINT(cert-msc51-cpp): the same texts in each run
  std::uniform_int_distribution<std::size_t> token(0, std::size(kTokens) - 1);
  std::uniform_int_distribution<std::size_t> depth(25, 70);
  boost::json::parse_options options;
  options.max_depth = 1000;
  int valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::size_t levels = depth(random);
    std::string text = R"({"a":)" + std::string(levels, '[');
    for (int count = 0; count < 3; ++count) text += kTokens[token(random)];
    text += std::string(levels, ']') + "}";
    boost::json::error_code ec;
    boost::json::parse(text, ec, {}, options);
    valid += !ec;
    EXPECT_EQ(members_at_any_depth(text).has_value(), !ec) << text;
  }
  EXPECT_GT(valid, 100);
}

TEST(MembersAtAnyDepth, MayHoldHalvesOfSurrogatePairsWhichAreNoText) {
  const auto found = members_at_any_depth(R"({"user":"Al\u0069ce","text":"\ud800","\uDFFF":"\uD83D\ude00"})");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 3u);
  EXPECT_EQ(as_string((*found)[0].value), "Alice");
  EXPECT_EQ((*found)[1].value, R"("\ud800")");
  EXPECT_EQ(as_string((*found)[1].value), std::nullopt);
  EXPECT_EQ((*found)[2].name, "");
  EXPECT_EQ(as_string((*found)[2].value), "\xF0\x9F\x98\x80");
}

TEST(IsValue, TakesAnyKindAndIsObjectOrArrayTwoOnly) {
  for (const char* text : {"{}", " [1] ", "[\"\\ud83d\\ude00\"]", "{\"a\":{}}"}) {
    EXPECT_TRUE(is_value(text)) << text;
    EXPECT_TRUE(is_object_or_array(text)) << text;
  }
  for (const char* text : {"1", "-0", "\"a\"", "true", "null", " 1.5e300 "}) {
    EXPECT_TRUE(is_value(text)) << text;
    EXPECT_FALSE(is_object_or_array(text)) << text;
  }
  for (const char* text : {"", " ", "[", "[1,]", "nul", "01", "\"", "[1]]", "[\"\xFF\"]", "[\"\\udead\"]", "// x\n[]"}) {
    EXPECT_FALSE(is_value(text)) << text;
    EXPECT_FALSE(is_object_or_array(text)) << text;
  }
}

TEST(IsObjectOrArray, Is32DeepAtMost) {
  EXPECT_TRUE(is_object_or_array(nested(kMaxDepth)));
  EXPECT_FALSE(is_object_or_array(nested(kMaxDepth + 1)));
  EXPECT_FALSE(is_object_or_array(std::string(1'000'000, '['))) << "and no stack is spent on it";
}

TEST(AsString, GivesTheTextOfAStringLiteralOnly) {
  EXPECT_EQ(as_string(R"("a\n\u00e4")"), "a\n\xC3\xA4");
  EXPECT_EQ(as_string(R"("")"), "");
  for (const char* other : {"1", "null", "[]", "{}", "", "a", R"("a)", R"("a"b)", R"("\ud800")"}) {
    EXPECT_EQ(as_string(other), std::nullopt) << other;
  }
}

TEST(Quoted, IsAJsonStringOfTheSameText) {
  for (const std::string& text : {""s, "plain"s, "\"\\/\b\f\n\r\t"s, "\0\x1F"s, "\xC3\xA4\xF0\x9F\x98\x80\x7F"s}) {
    EXPECT_EQ(as_string(json::quoted(text)), text);
  }
  EXPECT_EQ(json::quoted("a\"b"), R"("a\"b")");
}

TEST(Quoted, HasAQuestionMarkForEachByteBeyondAsciiOfWhatIsNoUtf8) { EXPECT_EQ(json::quoted("\xC3\xA4 \xFF"), R"("?? ?")"); }

}  // namespace
}  // namespace signalbox::json
