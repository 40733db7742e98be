#include "core/delivery/envelope.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using namespace std::string_literals;

const std::string kExample =
    "\xF8SBX\x01\x20\x02\x00"s           // magic, version 1, 32 bytes of header, binary, no flags
    "\x88\x77\x66\x55\x44\x33\x22\x11"s  // publisher
    "\x08\x07\x06\x05\x04\x03\x02\x01"s  // sequence
    "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s  // two microseconds before 1970
    "pay\0load"s;

std::string with_byte(std::size_t at, char value) {
  std::string bytes = kExample;
  bytes[at] = value;
  return bytes;
}

void expect_foreign(const std::string& bytes) {
  const Envelope read = decode_envelope(bytes);
  EXPECT_TRUE(read.foreign);
  EXPECT_TRUE(read.known_kind);
  EXPECT_EQ(read.kind, Kind::text);
  EXPECT_EQ(read.payload, bytes);
  EXPECT_EQ(read.publisher, 0U);
  EXPECT_EQ(read.sequence, 0U);
  EXPECT_EQ(read.sent_us, 0);
}

TEST(Envelope, IsTheseBytes) {
  EXPECT_EQ(encode_envelope(Kind::binary, 0x1122334455667788, 0x0102030405060708, -2, "pay\0load"s), kExample);
  EXPECT_EQ(encode_envelope(Kind::text, 0, 0, 0, ""), "\xF8SBX\x01\x20\x01"s + std::string(25, '\0'));
  EXPECT_EQ(encode_envelope(Kind::control, 0, 0, 0, "")[6], '\x03');
}

TEST(Envelope, ReadsTheseBytes) {
  const Envelope read = decode_envelope(kExample);
  EXPECT_FALSE(read.foreign);
  EXPECT_TRUE(read.known_kind);
  EXPECT_EQ(read.kind, Kind::binary);
  EXPECT_EQ(read.publisher, 0x1122334455667788U);
  EXPECT_EQ(read.sequence, 0x0102030405060708U);
  EXPECT_EQ(read.sent_us, -2);
  EXPECT_EQ(read.payload, "pay\0load"s);
  EXPECT_EQ(read.payload.data(), kExample.data() + kEnvelopeBytes) << "the payload is not copied";
}

TEST(Envelope, ReadsWhatItWrote) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  for (const Kind kind : {Kind::text, Kind::binary, Kind::control}) {
    for (const std::string& payload : {""s, "x"s, kExample, std::string(70000, '\xF8')}) {
      const std::string bytes = encode_envelope(kind, kMost, kMost - 1, std::numeric_limits<std::int64_t>::min(), payload);
      const Envelope read = decode_envelope(bytes);
      EXPECT_FALSE(read.foreign);
      EXPECT_TRUE(read.known_kind);
      EXPECT_EQ(read.kind, kind);
      EXPECT_EQ(read.publisher, kMost);
      EXPECT_EQ(read.sequence, kMost - 1);
      EXPECT_EQ(read.sent_us, std::numeric_limits<std::int64_t>::min());
      EXPECT_EQ(read.payload, payload);
    }
  }
}

TEST(Envelope, SkipsTheLongerHeaderOfALaterVersion) {
  std::string later = with_byte(5, 40);
  later[4] = 2;
  later.insert(kEnvelopeBytes, "later on");
  const Envelope read = decode_envelope(later);
  EXPECT_FALSE(read.foreign);
  EXPECT_EQ(read.publisher, 0x1122334455667788U);
  EXPECT_EQ(read.payload, "pay\0load"s);
}

TEST(Envelope, MayBeAllHeader) {
  const std::string bytes = with_byte(5, static_cast<char>(kExample.size()));
  const Envelope read = decode_envelope(bytes);
  EXPECT_FALSE(read.foreign);
  EXPECT_EQ(read.payload, "");
}

TEST(Envelope, WithAMalformedHeaderIsAForeignMessage) {
  expect_foreign(with_byte(4, 0));                                       // version 0 never was
  expect_foreign(with_byte(5, 0));                                       // no header
  expect_foreign(with_byte(5, 31));                                      // shorter than any
  expect_foreign(with_byte(5, static_cast<char>(kExample.size() + 1)));  // longer than the message
  expect_foreign(with_byte(5, '\xFF'));
}

TEST(Envelope, OfAnUnknownKindSaysSo) {
  for (const int kind : {0, 4, 255}) {
    const std::string bytes = with_byte(6, static_cast<char>(kind));
    const Envelope read = decode_envelope(bytes);
    EXPECT_FALSE(read.foreign);
    EXPECT_FALSE(read.known_kind) << kind;
  }
}

TEST(Envelope, IgnoresFlags) { EXPECT_EQ(decode_envelope(with_byte(7, '\xFF')).kind, Kind::binary); }

TEST(Envelope, CutOffInItsHeaderIsAForeignMessage) {
  for (std::size_t size = 0; size < kEnvelopeBytes; ++size) {
    SCOPED_TRACE(size);
    expect_foreign(kExample.substr(0, size));
  }
}

TEST(Envelope, CutOffInItsPayloadHasAShorterPayload) {
  for (std::size_t size = kEnvelopeBytes; size <= kExample.size(); ++size) {
    const std::string bytes = kExample.substr(0, size);
    const Envelope read = decode_envelope(bytes);
    EXPECT_FALSE(read.foreign);
    EXPECT_EQ(read.payload, "pay\0load"s.substr(0, size - kEnvelopeBytes));
  }
}

TEST(Envelope, WithoutTheMagicIsAForeignMessage) {
  expect_foreign("hi");
  expect_foreign(std::string(100, 'x'));
  for (std::size_t at = 0; at < 4; ++at) expect_foreign(with_byte(at, 'x'));
}

}  // namespace
}  // namespace signalbox
