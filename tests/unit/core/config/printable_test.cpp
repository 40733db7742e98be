#include "core/config/printable.hpp"

#include <gtest/gtest.h>

namespace signalbox {
namespace {

TEST(Printable, LeavesTextInAnyScriptAlone) { EXPECT_EQ(printable("Zoë 鉄道 🚂 a\\b"), "Zoë 鉄道 🚂 a\\b"); }

TEST(Printable, EscapesEveryControlCharacter) {
  EXPECT_EQ(printable("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(printable(std::string("\0\x1b[31m\x7f", 7)), "\\x00\\x1b[31m\\x7f");
  EXPECT_EQ(printable("\xc2\x9b|\xc2\x85"), "\\xc2\\x9b|\\xc2\\x85");  // C1: CSI and NEL
}

TEST(Printable, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("a\xe9\x89"), "a\\xe9\\x89");         // cut off
}

TEST(Printable, FindsTheFirstByteThatIsNotUtf8) {
  EXPECT_EQ(find_invalid_utf8("Zoë"), std::string::npos);
  EXPECT_EQ(find_invalid_utf8("Zo\xeb"), 2u);
}

}  // namespace
}  // namespace signalbox
