#include <string>

#include <gtest/gtest.h>

#include "server/http/request_head.hpp"

namespace signalbox::http {
namespace {

using namespace std::string_literals;

TEST(PercentDecode, DecodesHexOfBothCases) {
  EXPECT_EQ(percent_decode("al%20ice", false), "al ice");
  EXPECT_EQ(percent_decode("%c3%A4%2F%25", false), "\xC3\xA4/%");
  EXPECT_EQ(percent_decode("%00", false), "\0"s);
  EXPECT_EQ(percent_decode("", false), "");
  EXPECT_EQ(percent_decode("%2541", false), "%41") << "once only";
}

TEST(PercentDecode, TakesAPlusForASpaceInAQueryOnly) {
  EXPECT_EQ(percent_decode("a+b%2Bc", true), "a b+c");
  EXPECT_EQ(percent_decode("a+b%2Bc", false), "a+b+c");
}

TEST(PercentDecode, LeavesOtherBytesAlone) { EXPECT_EQ(percent_decode("\xC3\xA4&=?;@", false), "\xC3\xA4&=?;@"); }

TEST(PercentDecode, RefusesAPercentSignWithoutTwoHexDigits) {
  for (const char* bad : {"%", "a%", "%4", "%g0", "%0g", "%%41", "% 41", "%-1", "abc%2"}) {
    EXPECT_EQ(percent_decode(bad, false), std::nullopt) << bad;
    EXPECT_EQ(percent_decode(bad, true), std::nullopt) << bad;
  }
}

TEST(HasToken, ComparesWholeListElementsWithoutCase) {
  RequestHead head;
  head.fields = {{"Connection", "keep-alive , Upgrade"}, {"connection", ",, x"}, {"Other", "y"}};
  EXPECT_TRUE(head.has_token("Connection", "upgrade"));
  EXPECT_TRUE(head.has_token("CONNECTION", "KEEP-ALIVE"));
  EXPECT_TRUE(head.has_token("connection", "x")) << "in a second field of the name";
  EXPECT_FALSE(head.has_token("connection", "keep"));
  EXPECT_FALSE(head.has_token("connection", "grade"));
  EXPECT_FALSE(head.has_token("connection", "y"));
  EXPECT_FALSE(head.has_token("absent", "x"));
}

TEST(HasToken, ComparesWithCaseWhereThatIsAskedFor) {
  RequestHead head;
  head.fields = {{"Sec-WebSocket-Protocol", "chat , signalbox.v1.json"}};
  EXPECT_TRUE(head.has_exact_token("sec-websocket-protocol", "signalbox.v1.json"));
  EXPECT_FALSE(head.has_exact_token("sec-websocket-protocol", "Signalbox.v1.json"));
  EXPECT_FALSE(head.has_exact_token("sec-websocket-protocol", "signalbox"));
}

TEST(EqualWithoutCase, KnowsAsciiOnly) {
  EXPECT_TRUE(equal_without_case("Host-1[", "hOST-1["));
  EXPECT_FALSE(equal_without_case("[", "{")) << "which differ by the bit that letters differ by";
  EXPECT_FALSE(equal_without_case("a", "ab"));
  EXPECT_FALSE(equal_without_case("\xC4", "\xE4"));
}

TEST(ReasonPhrase, IsThatOfTheRfc) {
  EXPECT_STREQ(reason_phrase(200), "OK");
  EXPECT_STREQ(reason_phrase(426), "Upgrade Required");
  EXPECT_STREQ(reason_phrase(431), "Request Header Fields Too Large");
}

}  // namespace
}  // namespace signalbox::http
