#include "websocket/frame.hpp"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "websocket/utf8.hpp"

namespace signalbox::websocket {
namespace {

using namespace std::string_literals;

constexpr char kKey[] = {'\x37', '\xFA', '\x21', '\x3D'};

std::uint32_t key_as_mask() {
  std::uint32_t mask;
  std::memcpy(&mask, kKey, sizeof mask);
  return mask;
}

TEST(FrameHeader, UsesTheShortestLength) {
  const auto header = [](std::size_t size) { return std::string(FrameHeader(Opcode::binary, size).view()); };
  EXPECT_EQ(header(0), "\x82\x00"s);
  EXPECT_EQ(header(125), "\x82\x7D");
  EXPECT_EQ(header(126), "\x82\x7E\x00\x7E"s);
  EXPECT_EQ(header(65535), "\x82\x7E\xFF\xFF");
  EXPECT_EQ(header(65536), "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
  EXPECT_EQ(header(0x0102030405060708), "\x82\x7F\x01\x02\x03\x04\x05\x06\x07\x08");
}

// The examples of RFC 6455 section 5.7.
TEST(Frame, IsWrittenAsInTheRfc) {
  std::string out;
  append_frame(out, Opcode::text, "Hello");
  EXPECT_EQ(out, "\x81\x05Hello");
  out.clear();
  append_masked_frame(out, Opcode::text, "Hello", key_as_mask());
  EXPECT_EQ(out, "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58");
  out.clear();
  append_masked_frame(out, Opcode::pong, "Hello", key_as_mask());
  EXPECT_EQ(out, "\x8A\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58");
}

TEST(Frame, IsAppendedAfterWhatIsThere) {
  std::string out = "before";
  append_frame(out, Opcode::ping, "");
  append_masked_frame(out, Opcode::binary, "a", 0);
  EXPECT_EQ(out, "before\x89\x00\x82\x81\x00\x00\x00\x00\x61"s);
}

TEST(ApplyMask, MatchesTheByteByByteDefinitionAtEveryOffsetAndLength) {
  for (std::size_t offset = 0; offset < 9; ++offset) {
    for (std::size_t size = 0; size < 40; ++size) {
      std::string data(size + 1, 'd');
      apply_mask(data.data(), size, key_as_mask(), offset);
      for (std::size_t i = 0; i < size; ++i) ASSERT_EQ(data[i], static_cast<char>('d' ^ kKey[(offset + i) % 4]));
      EXPECT_EQ(data[size], 'd') << "wrote past the end";
    }
  }
}

TEST(ClosePayload, IsTheCodeAndTheReason) {
  EXPECT_EQ(close_payload(CloseCode::normal, ""), "\x03\xE8");
  EXPECT_EQ(close_payload(CloseCode::slow_consumer, "slow"), "\x0F\xA8slow");
  EXPECT_EQ(close_payload(CloseCode::no_status, "not sent"), "");
}

TEST(ClosePayload, CutsTheReasonAtACharactersBorder) {
  const std::string full(123, 'r');
  EXPECT_EQ(close_payload(CloseCode::normal, full), "\x03\xE8" + full);
  EXPECT_EQ(close_payload(CloseCode::normal, full + "r"), "\x03\xE8" + full);
  for (const std::string_view character : {"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x9A\x82"}) {
    for (std::size_t ascii = 117; ascii <= 124; ++ascii) {
      const std::string start(ascii, 'r');
      std::string reason = start;
      for (int i = 0; i < 4; ++i) reason += character;
      const std::string cut = close_payload(CloseCode::normal, reason).substr(2);
      EXPECT_LE(cut.size(), 123u);
      EXPECT_GT(cut.size() + character.size(), 123u);
      EXPECT_TRUE(is_valid_utf8(cut));
      EXPECT_TRUE(reason.starts_with(cut));
    }
  }
}

}  // namespace
}  // namespace signalbox::websocket
