#include "brokers/nats/subject.hpp"

#include <gtest/gtest.h>

namespace signalbox::nats {
namespace {

std::string token(std::string_view channel) {
  std::string made;
  append_token(made, channel);
  return made;
}

TEST(NatsSubject, LeavesAPlainNameAsItIs) { EXPECT_EQ(token("Alice_B-42"), "Alice_B-42"); }

TEST(NatsSubject, EncodesEverythingThatIsNotPlain) {
  using namespace std::string_literals;
  EXPECT_EQ(token("a.b*c>d e%f\r\n"), "a%2Eb%2Ac%3Ed%20e%25f%0D%0A");
  EXPECT_EQ(token("\0\xff"s), "%00%FF");
}

TEST(NatsSubject, ReadsBackEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  std::string back;
  ASSERT_TRUE(read_token(token(all), back));
  EXPECT_EQ(back, all);
}

TEST(NatsSubject, TakesNothingThatItWouldNotWrite) {
  std::string channel;
  for (const char* wrong : {"a.b", "%", "%2", "%2e", "%61", "%G0", "a b"}) EXPECT_FALSE(read_token(wrong, channel)) << wrong;
}

TEST(NatsSubject, KnowsAPrefixFromAnythingElse) {
  EXPECT_TRUE(is_subject_prefix("signalbox.u."));
  EXPECT_TRUE(is_subject_prefix("a."));
  for (const char* wrong : {"", ".", "a", "a..", ".a.", "a.*.", "a.>.", "a b.", "a.\r\n."}) {
    EXPECT_FALSE(is_subject_prefix(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace signalbox::nats
