#include "websocket/utf8.hpp"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace signalbox::websocket {
namespace {

std::string encode(std::uint32_t code_point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<std::uint8_t>(value)); };
  const auto tail = [&](int shift) { return byte(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) return {byte(0xE0 | code_point >> 12), tail(6), tail(0)};
  return {byte(0xF0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

// How many bytes are taken before the one that is refused; npos if none is.
std::size_t first_bad_byte(const std::string& text) {
  Utf8Validator validator;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!validator.push({&text[at], 1})) return at;
  }
  return std::string::npos;
}

TEST(Utf8, TakesEveryScalarValueAndNoSurrogate) {
  for (std::uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    ASSERT_EQ(is_valid_utf8(encode(code_point)), !surrogate) << code_point;
  }
}

// RFC 3629 section 4's grammar, written out apart from the code under test.
bool well_formed(const std::string& s) {
  const auto in = [&](std::size_t i, int low, int high) {
    const int byte = static_cast<std::uint8_t>(s[i]);
    return byte >= low && byte <= high;
  };
  const auto tail = [&](std::size_t i) { return in(i, 0x80, 0xBF); };
  switch (s.size()) {
    case 1: return in(0, 0, 0x7F);
    case 2: return (in(0, 0xC2, 0xDF) && tail(1)) || (in(0, 0, 0x7F) && in(1, 0, 0x7F));
    case 3:
      return (in(0, 0xE0, 0xE0) && in(1, 0xA0, 0xBF) && tail(2)) || (in(0, 0xE1, 0xEC) && tail(1) && tail(2)) ||
             (in(0, 0xED, 0xED) && in(1, 0x80, 0x9F) && tail(2)) || (in(0, 0xEE, 0xEF) && tail(1) && tail(2));
    default:
      return (in(0, 0xF0, 0xF0) && in(1, 0x90, 0xBF) && tail(2) && tail(3)) ||
             (in(0, 0xF1, 0xF3) && tail(1) && tail(2) && tail(3)) ||
             (in(0, 0xF4, 0xF4) && in(1, 0x80, 0x8F) && tail(2) && tail(3));
  }
}

TEST(Utf8, FollowsTheGrammarForEveryOneAndTwoBytes) {
  for (int first = 0; first < 256; ++first) {
    const std::string one{static_cast<char>(first)};
    ASSERT_EQ(is_valid_utf8(one), well_formed(one)) << first;
    for (int second = 0; second < 256; ++second) {
      const std::string two{static_cast<char>(first), static_cast<char>(second)};
      ASSERT_EQ(is_valid_utf8(two), well_formed(two)) << first << ' ' << second;
    }
  }
}

TEST(Utf8, FollowsTheGrammarAtTheBordersOfThreeAndFourBytes) {
  const int borders[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xFF};
  for (int lead = 0xC0; lead < 256; ++lead) {
    for (const int second : borders) {
      for (const int third : borders) {
        // The grammar above knows one character only, so mixtures of shorter ones are left to the other tests.
        const std::string three{static_cast<char>(lead), static_cast<char>(second), static_cast<char>(third)};
        if (lead >= 0xE0) {
          ASSERT_EQ(is_valid_utf8(three), well_formed(three)) << lead << ' ' << second << ' ' << third;
        }
        for (const int fourth : borders) {
          const std::string four = three + static_cast<char>(fourth);
          if (lead >= 0xF0) {
            ASSERT_EQ(is_valid_utf8(four), well_formed(four)) << lead << ' ' << second << ' ' << third << ' ' << fourth;
          }
        }
      }
    }
  }
}

TEST(Utf8, RefusesAtTheFirstByteThatNothingCouldMakeGood) {
  EXPECT_EQ(first_bad_byte("ab\x80"), 2u);
  EXPECT_EQ(first_bad_byte("\xC0\x80"), 0u) << "overlong, two bytes";
  EXPECT_EQ(first_bad_byte("\xE0\x80\x80"), 1u) << "overlong, three bytes";
  EXPECT_EQ(first_bad_byte("\xF0\x8F\xBF\xBF"), 1u) << "overlong, four bytes";
  EXPECT_EQ(first_bad_byte("\xED\xA0\x80"), 1u) << "surrogate";
  EXPECT_EQ(first_bad_byte("\xF4\x90\x80\x80"), 1u) << "beyond U+10FFFF";
  EXPECT_EQ(first_bad_byte("\xF5\x80\x80\x80"), 0u);
  EXPECT_EQ(first_bad_byte("\xE2\x82z"), 2u);
  EXPECT_EQ(first_bad_byte("\xE2\x82\xAC"), std::string::npos);
}

TEST(Utf8, FindsABadByteAtEveryPlaceOfALongText) {
  for (std::size_t size = 1; size <= 40; ++size) {
    EXPECT_TRUE(is_valid_utf8(std::string(size, 'a')));
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '\xFF';
      EXPECT_FALSE(is_valid_utf8(text));
    }
  }
}

TEST(Utf8, KeepsItsStateAcrossEveryCut) {
  const std::string text = "ASCII first, \xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x82, and ASCII last";
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      Utf8Validator validator;
      EXPECT_TRUE(validator.push(text.substr(0, first)));
      EXPECT_TRUE(validator.push(text.substr(first, second - first)));
      EXPECT_EQ(validator.complete(), is_valid_utf8(text.substr(0, second)));
      EXPECT_TRUE(validator.push(text.substr(second)));
      EXPECT_TRUE(validator.complete());
    }
  }
}

}  // namespace
}  // namespace signalbox::websocket
