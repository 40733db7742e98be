#include "server/clients/message_deflate.hpp"

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

namespace signalbox {
namespace {

using namespace std::string_literals;
using websocket::CloseCode;
using websocket::Event;

constexpr std::size_t kLimit = 64 * 1024;

std::string hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 3) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

/// As a client deflates: zlib's best, with the largest window, its last four bytes cut off.
std::string deflated(std::string_view data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, static_cast<uLong>(data.size())) + 16, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  out.resize(stream.total_out - 4);
  deflateEnd(&stream);
  return out;
}

class MessageDeflateTest : public testing::Test {
 protected:
  Event inflate(std::string_view data, Event::Kind kind = Event::Kind::text, std::size_t limit = kLimit) {
    return deflate_.inflate({kind, CloseCode::no_status, data, true}, limit, buffer_);
  }
  void expect_error(std::string_view data, CloseCode code, Event::Kind kind = Event::Kind::text, std::size_t limit = kLimit) {
    const Event event = inflate(data, kind, limit);
    EXPECT_EQ(event.kind, Event::Kind::error);
    EXPECT_EQ(event.code, code);
    EXPECT_FALSE(event.payload.empty());
  }

  MessageDeflate deflate_;
  std::vector<char> buffer_;
};

TEST_F(MessageDeflateTest, InflatesTheExamplesOfTheRfc) {
  const std::pair<const char*, const char*> examples[] = {
      {"section 7.2.3.1", "f2 48 cd c9 c9 07 00"},
      {"section 7.2.3.3, a block without compression", "00 05 00 fa ff 48 65 6c 6c 6f 00"},
      {"section 7.2.3.4, BFINAL", "f3 48 cd c9 c9 07 00 00"},
      {"section 7.2.3.5, two blocks", "f2 48 05 00 00 00 ff ff ca c9 c9 07 00"},
  };
  for (const auto& [what, bytes] : examples) {
    SCOPED_TRACE(what);
    const Event event = inflate(hex(bytes));
    EXPECT_EQ(event.kind, Event::Kind::text);
    EXPECT_EQ(event.payload, "Hello");
    EXPECT_FALSE(event.compressed);
  }
  EXPECT_EQ(inflate(hex("00")).payload, "") << "section 7.2.3.6, an empty message";
}

TEST_F(MessageDeflateTest, KeepsNoContext) {
  EXPECT_EQ(inflate(hex("f2 48 cd c9 c9 07 00")).payload, "Hello");
  expect_error(hex("f2 00 11 00 00"), CloseCode::invalid_payload);  // section 7.2.3.2: refers to the message before
  EXPECT_EQ(inflate(hex("f2 48 cd c9 c9 07 00")).payload, "Hello") << "and an error has no after-effect";
}

TEST_F(MessageDeflateTest, UnderstandsAFinalBlockAtTheEndAndBlocksBehindOne) {
  EXPECT_EQ(inflate(hex("f3 48 cd c9 c9 07 00")).payload, "Hello") << "without the empty block behind it";
  EXPECT_EQ(inflate(hex("f3 48 cd c9 c9 07 00 f3 48 cd c9 c9 07 00 00")).payload, "HelloHello");
  expect_error(hex("f3 48 cd c9 c9 07 00 ff"), CloseCode::invalid_payload);
}

TEST_F(MessageDeflateTest, RefusesWhatIsNoDeflatedMessage) {
  expect_error("", CloseCode::invalid_payload);
  expect_error(hex("ff ff ff"), CloseCode::invalid_payload);           // reserved block type
  expect_error(hex("00 05 00 00 00 48"), CloseCode::invalid_payload);  // lengths that contradict each other
  expect_error(hex("f2 48 cd c9"), CloseCode::invalid_payload);        // ends within a block
  expect_error(hex("00 ff 00 00 ff 48"), CloseCode::invalid_payload);  // a stored block that never comes
  expect_error(hex("f3 48 cd c9 c9 07"), CloseCode::invalid_payload);  // ends within a final one
  expect_error("Hello, I am not deflated", CloseCode::invalid_payload);
}

TEST_F(MessageDeflateTest, ChecksTextButNotBytes) {
  EXPECT_EQ(inflate(deflated("Z\xC3\xBCge")).payload, "Z\xC3\xBCge");
  expect_error(deflated("\xFF"), CloseCode::invalid_payload);
  expect_error(deflated("\xE2\x82"), CloseCode::invalid_payload);
  const Event binary = inflate(deflated("\xFF\x00"s), Event::Kind::binary);
  EXPECT_EQ(binary.kind, Event::Kind::binary);
  EXPECT_EQ(binary.payload, "\xFF\x00"s);
}

TEST_F(MessageDeflateTest, InflatesUpToTheLimitAndNotAByteMore) {
  for (const std::size_t size : {1u, 100u, 16 * 1024u - 1, 16 * 1024u, 16 * 1024u + 1, 40'000u, 48 * 1024u, 64 * 1024u}) {
    const std::string data(size, 'a');
    buffer_ = std::vector<char>();
    EXPECT_TRUE(inflate(deflated(data), Event::Kind::text, size).payload == data) << size;
    EXPECT_LE(buffer_.capacity(), size) << "no more is allocated either";
    expect_error(deflated(data), CloseCode::message_too_big, Event::Kind::text, size - 1);
    expect_error(deflated(data + "a"), CloseCode::message_too_big, Event::Kind::text, size);
  }
}

TEST_F(MessageDeflateTest, HoldsNoMoreOfABombThanTheLimit) {
  const std::string bomb = deflated(std::string(10'000'000, '\0'));
  ASSERT_LT(bomb.size(), 16u * 1024);
  for (const std::size_t limit : {kLimit, std::size_t{40'000}}) {
    buffer_ = std::vector<char>();
    expect_error(bomb, CloseCode::message_too_big, Event::Kind::binary, limit);
    EXPECT_LE(buffer_.capacity(), limit);
  }
}

/// Inflates with a window of 2^`window_bits` bytes. In pieces: within one call zlib looks back as far as its output goes.
std::string inflated_within(unsigned window_bits, const std::string& wire) {
  z_stream stream{};
  inflateInit2(&stream, -static_cast<int>(window_bits));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(wire.data()));
  stream.avail_in = static_cast<uInt>(wire.size());
  std::string out;
  std::array<char, 64> piece;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    if (::inflate(&stream, Z_SYNC_FLUSH) < 0) break;
    out.append(piece.data(), piece.size() - stream.avail_out);
  } while (stream.avail_out == 0);
  inflateEnd(&stream);
  return out;
}

TEST_F(MessageDeflateTest, DeflatesWithinItsWindow) {
  std::mt19937 random(1);
  std::string text;
  while (text.size() < 300'000) text += "word" + std::to_string(random() % 1000) + " ";
  for (const std::size_t size : {256u, 1000u, 4096u, 4097u, 40'000u, 300'000u}) {
    const std::string payload = text.substr(0, size);
    const std::optional<std::string> data = deflate_.deflate(payload);
    ASSERT_TRUE(data) << size;
    EXPECT_LT(data->size(), size);
    EXPECT_TRUE(inflated_within(MessageDeflate::kWindowBits, *data + "\x00\x00\xFF\xFF"s) == payload) << size;
    EXPECT_TRUE(inflate(*data, Event::Kind::text, size).payload == payload) << size;
  }
}

TEST_F(MessageDeflateTest, GivesUpOnWhatDoesNotGetSmaller) {
  std::mt19937 random(2);
  for (const std::size_t size : {1u, 300u, 5000u, 100'000u}) {
    std::string noise(size, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    EXPECT_EQ(deflate_.deflate(noise), std::nullopt) << size;
  }
  EXPECT_NE(deflate_.deflate(std::string(300, 'a')), std::nullopt) << "and is none the worse for it";
}

}  // namespace
}  // namespace signalbox
