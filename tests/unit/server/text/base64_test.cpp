#include "server/text/base64.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using namespace std::string_literals;

TEST(Base64, IsThatOfTheRfcsExamples) {  // RFC 4648 section 10
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, GivesBackWhatItWasGiven) {
  std::mt19937 random(4648);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
  EXPECT_EQ(base64_encode("\xFB\xFF\xFE"), "+//+");
  EXPECT_EQ(base64_decode("AAAA"), "\0\0\0"s);
}

TEST(Base64, IsRefusedUnlessCanonical) {
  for (const char* bad : {
           "Z",        "Zg",           "Zg=",   "Zm8",   "Zg===",   "====", "=",
           "A===",     "=AAA",         "AA=A",  // padding
           "Zh==",     "Zm9=",                  // stray bits
           "Zm9v\n",   " Zm9v",        "Zm9v ", "Zm 9v", "Zm9\n",   "    ", "Zg==\r\n\r\n",
           "\tZm9vYm",                                               // white space
           "Zm9-",     "Zm9_",         "Zm9.",  "Zm9*",  "Zm9\xC3",  // another alphabet
           "Zg==Zg==", "Zm9vZg==Zg==",                               // padding in the middle
       }) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(base64_decode("Zm9\0"s), std::nullopt);
}

}  // namespace
}  // namespace signalbox
