#include "core/users/user_key.hpp"

#include <string>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using namespace std::string_literals;

std::string key_of(std::string_view name) {
  const UserKey made = make_user_key(name, false);
  EXPECT_EQ(made.error, nullptr) << made.error;
  return made.key;
}

/// The refusal of `name`, which does not depend on case_sensitive.
std::string error_of(std::string_view name) {
  const UserKey made = make_user_key(name, false);
  const UserKey sensitive = make_user_key(name, true);
  EXPECT_TRUE(made.key.empty());
  EXPECT_TRUE(sensitive.key.empty());
  if (!made.error || !sensitive.error) return "";
  EXPECT_STREQ(made.error, sensitive.error);
  return made.error;
}

/// As UTF-8, also what is none: surrogates.
std::string utf8(char32_t code_point) {
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xC0 | (code_point >> 6)), tail(0)};
  if (code_point < 0x10000) return {static_cast<char>(0xE0 | (code_point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (code_point >> 18)), tail(12), tail(6), tail(0)};
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(UserKey, RefusesAnEmptyName) { EXPECT_EQ(error_of(""), "user name is empty"); }

TEST(UserKey, TakesOneTo256Bytes) {
  EXPECT_EQ(key_of("a"), "a");
  EXPECT_EQ(key_of(std::string(256, 'x')), std::string(256, 'x'));
  EXPECT_EQ(error_of(std::string(257, 'x')), "user name is longer than 256 bytes");
}

TEST(UserKey, CountsTheBytesAsSentNotTheCharacters) {
  EXPECT_EQ(key_of(repeated("é", 128)), repeated("é", 128));
  EXPECT_EQ(error_of(repeated("é", 128) + "e"), "user name is longer than 256 bytes");
}

TEST(UserKey, RefusesEveryControlCharacterWhereverItStands) {
  for (char32_t control = 0; control < 0xA0; ++control) {
    if (control == 0x20) control = 0x7F;
    for (const std::string& name : {utf8(control), "a" + utf8(control), utf8(control) + "a", "a" + utf8(control) + "b"}) {
      EXPECT_EQ(error_of(name), "user name contains a control character") << "U+" << std::hex << static_cast<unsigned>(control);
    }
  }
}

TEST(UserKey, TakesTheNeighboursOfControlCharactersAndFormatCharacters) {
  for (const char32_t code_point : {0x20U, 0x7EU, 0xA0U, 0xADU, 0x200BU, 0x200EU, 0x2028U, 0xFEFFU, 0xE000U, 0xFFFDU}) {
    EXPECT_EQ(key_of(utf8(code_point)), utf8(code_point)) << "U+" << std::hex << static_cast<unsigned>(code_point);
  }
}

TEST(UserKey, RefusesWhatIsNoUtf8) {
  const std::string wrong[] = {
      "\x80"s,              // a continuation alone
      "\xC3"s,              // cut off after one of two
      "\xE2\x82"s,          // two of three
      "\xF0\x9F\x98"s,      // three of four
      "\xC3("s,             // no continuation where one is due
      "\xC0\x80"s,          // overlong NUL
      "\xC1\xBF"s,          // overlong DEL
      "\xE0\x80\xAF"s,      // overlong slash
      "\xF0\x80\x80\xAF"s,  // likewise in four
      "\xED\xA0\x80"s,      // a high surrogate
      "\xED\xBF\xBF"s,      // a low surrogate
      "\xF4\x90\x80\x80"s,  // beyond U+10FFFF
      "\xF8\x88\x80\x80\x80"s,
      "\xFE"s,
      "\xFF"s,
  };
  for (const std::string& bytes : wrong) {
    EXPECT_EQ(error_of(bytes), "user name is not valid UTF-8") << testing::PrintToString(bytes);
    EXPECT_EQ(error_of("a" + bytes), "user name is not valid UTF-8") << testing::PrintToString(bytes);
    EXPECT_EQ(error_of(bytes + "a"), "user name is not valid UTF-8") << testing::PrintToString(bytes);
  }
}

TEST(UserKey, IsTheNameInLowerCaseByTheSimpleMapping) {
  EXPECT_EQ(key_of("Alice"), "alice");
  EXPECT_EQ(key_of("ÄÖÜ"), "äöü");
  EXPECT_EQ(key_of("ЖЕНЯ"), "женя");
  EXPECT_EQ(key_of(utf8(0x0130)), "i");             // İ: the full mapping would give two code points
  EXPECT_EQ(key_of("ΟΔΟΣ"), "οδοσ");                // no final sigma: one code point knows no neighbours
  EXPECT_EQ(key_of("ς"), "ς");                      // final sigma is lower case already
  EXPECT_EQ(key_of(utf8(0x1E9E)), "ß");             // ẞ
  EXPECT_EQ(key_of(utf8(0x212A)), "k");             // the Kelvin sign
  EXPECT_EQ(key_of(utf8(0x10400)), utf8(0x10428));  // Deseret, beyond the first plane
  EXPECT_EQ(key_of(utf8(0x01C5)), utf8(0x01C6));    // Dž, a title case letter
}

TEST(UserKey, NeitherFoldsNorNormalisesNorTrims) {
  EXPECT_EQ(key_of("straße"), "straße");
  EXPECT_EQ(key_of(utf8(0xFB01)), utf8(0xFB01));              // the fi ligature
  EXPECT_EQ(key_of(utf8(0x017F)), utf8(0x017F));              // long s
  EXPECT_EQ(key_of("E" + utf8(0x0301)), "e" + utf8(0x0301));  // stays decomposed
  EXPECT_EQ(key_of("  Alice \u00A0"), "  alice \u00A0");
}

TEST(UserKey, MayBeLongerThanTheName) {
  ASSERT_EQ(utf8(0x023A).size(), 2U);
  ASSERT_EQ(utf8(0x2C65).size(), 3U);
  EXPECT_EQ(key_of(repeated(utf8(0x023A), 128)), repeated(utf8(0x2C65), 128));
}

TEST(UserKey, IsTheNameItselfIfCaseCounts) {
  for (const std::string& name : {"Alice"s, "ΟΔΟΣ"s, utf8(0x0130), utf8(0x10400), " A "s}) {
    const UserKey made = make_user_key(name, true);
    EXPECT_EQ(made.error, nullptr);
    EXPECT_EQ(made.key, name);
  }
}

TEST(UserKey, OfAKeyIsThatKey) {
  for (const std::string& name : {"Alice"s, "ΟΔΟΣ"s, utf8(0x0130), utf8(0x023A)}) EXPECT_EQ(key_of(key_of(name)), key_of(name));
}

}  // namespace
}  // namespace signalbox
