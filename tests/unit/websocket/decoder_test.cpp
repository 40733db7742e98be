// What the decoder does beyond the protocol's rules: views, memory, limits, and what the encoder wrote.
#include "websocket/decoder.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/websocket/transcript.hpp"
#include "websocket/frame.hpp"

namespace {
std::atomic<std::size_t> bytes_asked_for{0};
std::atomic<std::ptrdiff_t> blocks_held{0};

void* counted(std::size_t size) {
  bytes_asked_for += size;
  ++blocks_held;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

void release(void* memory) noexcept {
  if (memory != nullptr) --blocks_held;
  std::free(memory);
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }

namespace signalbox::websocket::test {
namespace {

using Kind = Event::Kind;

constexpr std::uint32_t kMask = 0xA1B2C3D4;
constexpr DecoderLimits kLimits;

std::string masked(Opcode opcode, std::string_view payload) {
  std::string out;
  append_masked_frame(out, opcode, payload, kMask);
  return out;
}

// The header of a masked binary frame that announces `size` bytes in 64 bits.
std::string announce(std::uint64_t size) {
  std::string out{'\x82', '\xFF'};
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  return out.append(4, '\0');
}

TEST(Decoder, ReturnsAWholeMessageAsAViewIntoTheInput) {
  std::string wire =
      masked(Opcode::text, "Hello") + masked(Opcode::ping, "p") + masked(Opcode::binary, std::string(70000, 'x'));
  const DecoderLimits limits{.message_bytes = 70000};
  Decoder decoder(Role::server);
  std::span<char> input(wire);
  const std::size_t before = bytes_asked_for;
  for (const Kind kind : {Kind::text, Kind::ping, Kind::binary}) {
    const Event event = decoder.next(input, limits);
    ASSERT_EQ(event.kind, kind);
    EXPECT_GE(event.payload.data(), wire.data());
    EXPECT_LE(event.payload.data() + event.payload.size(), wire.data() + wire.size());
  }
  EXPECT_EQ(decoder.next(input, limits).kind, Kind::need_more);
  EXPECT_TRUE(input.empty());
  EXPECT_EQ(bytes_asked_for, before) << "a message that lies whole in the input needs no memory";
}

TEST(Decoder, LeavesWhatFollowsAnEventInTheInput) {
  std::string wire = masked(Opcode::text, "a") + masked(Opcode::text, "b");
  std::span<char> input(wire);
  Decoder decoder(Role::server);
  EXPECT_EQ(decoder.next(input, kLimits).payload, "a");
  EXPECT_EQ(input.size(), wire.size() / 2);
  EXPECT_EQ(decoder.next(input, kLimits).payload, "b");
  EXPECT_TRUE(input.empty());
}

TEST(Decoder, HoldsNoMemoryBetweenMessages) {
  std::string wire = masked(Opcode::text, std::string(3000, 't')) + masked(Opcode::ping, std::string(100, 'p'));
  wire += '\x02';  // and a fragmented one
  wire += masked(Opcode::binary, "ab").substr(1) + '\x80' + masked(Opcode::binary, "cd").substr(1);
  Decoder decoder(Role::server);
  const std::ptrdiff_t before = blocks_held;
  int messages = 0;
  bool held_some = false;
  for (char& byte : wire) {
    std::span<char> input(&byte, 1);
    while (decoder.next(input, kLimits).kind != Kind::need_more) ++messages;
    EXPECT_EQ(decoder.idle(), blocks_held == before);
    held_some = held_some || blocks_held > before;
  }
  EXPECT_EQ(messages, 3);
  EXPECT_TRUE(held_some);
  EXPECT_TRUE(decoder.idle());
  EXPECT_EQ(blocks_held, before);
}

TEST(Decoder, IsIdleAsSoonAsAMessageIsOut) {
  std::string wire = masked(Opcode::text, "Hello");
  Decoder decoder(Role::server);
  EXPECT_TRUE(decoder.idle());
  std::span<char> head(wire.data(), 3);
  EXPECT_EQ(decoder.next(head, kLimits).kind, Kind::need_more);
  EXPECT_FALSE(decoder.idle());
  std::span<char> rest(wire.data() + 3, wire.size() - 3);
  EXPECT_EQ(decoder.next(rest, kLimits).payload, "Hello");
  EXPECT_TRUE(decoder.idle());
}

TEST(Decoder, SpendsMemoryOnWhatArrivedNotOnWhatWasAnnounced) {
  constexpr std::size_t kHuge = std::size_t{1} << 40;
  const DecoderLimits limits{.message_bytes = kHuge};
  std::string wire = announce(kHuge) + std::string(1000, 'x');
  Decoder decoder(Role::server);
  std::span<char> input(wire);
  const std::size_t before = bytes_asked_for;
  EXPECT_EQ(decoder.next(input, limits).kind, Kind::need_more);
  EXPECT_LT(bytes_asked_for - before, 8000u);
}

TEST(Decoder, RefusesATooLongMessageWithoutSpendingMemory) {
  Decoder decoder(Role::server);
  std::string wire = announce((std::uint64_t{1} << 63) - 1);
  std::span<char> input(wire);
  const std::size_t before = bytes_asked_for;
  EXPECT_EQ(decoder.next(input, kLimits).code, CloseCode::message_too_big);
  EXPECT_EQ(bytes_asked_for, before);
}

TEST(Decoder, FreesWhatItHeldWhenItFailsOrCloses) {
  const std::ptrdiff_t before = blocks_held;
  for (const std::string& ending : {masked(Opcode::text, "inside a message"), masked(Opcode::close, "\x03\xE8")}) {
    Decoder decoder(Role::server);
    std::string wire = '\x01' + masked(Opcode::text, std::string(500, 'x')).substr(1) + ending;
    std::span<char> input(wire);
    EXPECT_NE(decoder.next(input, kLimits).kind, Kind::need_more);
    decoder.next(input, kLimits);
    EXPECT_TRUE(decoder.idle());
    EXPECT_TRUE(input.empty());
  }
  EXPECT_EQ(blocks_held, before);
}

TEST(Decoder, RepeatsItsErrorForEver) {
  Decoder decoder(Role::server);
  std::string wire = "\xC1\x80";
  std::span<char> input(wire);
  const Event first = decoder.next(input, kLimits);
  EXPECT_EQ(first.kind, Kind::error);
  EXPECT_FALSE(first.payload.empty());
  std::string more = masked(Opcode::text, "Hello");
  input = more;
  const Event second = decoder.next(input, kLimits);
  EXPECT_EQ(second.kind, Kind::error);
  EXPECT_EQ(second.code, CloseCode::protocol_error);
  EXPECT_EQ(second.payload, first.payload);
}

TEST(Decoder, RefusesWhatExceedsALimitThatWasLoweredMeanwhile) {
  Decoder decoder(Role::server);
  std::string start = '\x02' + masked(Opcode::binary, std::string(200, 'x')).substr(1);
  std::span<char> input(start);
  EXPECT_EQ(decoder.next(input, kLimits).kind, Kind::need_more);
  std::string rest = '\x80' + masked(Opcode::binary, "").substr(1);
  input = rest;
  EXPECT_EQ(decoder.next(input, {.message_bytes = 100}).code, CloseCode::message_too_big);
}

TEST(Decoder, ReadsWhatTheEncoderWroteInBothRolesAtEveryLengthBorder) {
  constexpr std::size_t kLimit = 70000;
  const DecoderLimits limits{.message_bytes = kLimit};
  for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 69999u, 70000u, 70001u}) {
    std::string payload(size, '\0');
    for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 31);
    const std::vector<Seen> expected{size <= kLimit ? Seen{Kind::binary, CloseCode::no_status, payload}
                                                    : Seen{Kind::error, CloseCode::message_too_big, {}}};
    std::string from_server;
    append_frame(from_server, Opcode::binary, payload);
    for (const Chunking& chunking : chunkings()) {
      SCOPED_TRACE(std::to_string(size) + " bytes, " + chunking.name);
      EXPECT_EQ(transcript(from_server, Role::client, limits, chunking.next_size), expected);
      EXPECT_EQ(transcript(masked(Opcode::binary, payload), Role::server, limits, chunking.next_size), expected);
    }
  }
}

TEST(Decoder, ReadsTheEncodersClose) {
  const std::string wire = masked(Opcode::close, close_payload(CloseCode::slow_consumer, "too slow"));
  const std::vector<Seen> expected{{Kind::close, CloseCode::slow_consumer, "too slow"}};
  EXPECT_EQ(transcript(wire, Role::server, kLimits, [] { return std::string::npos; }), expected);
}

TEST(Decoder, SaysWhatItHolds) {
  Decoder decoder(Role::server);
  std::vector<Seen> seen;
  EXPECT_EQ(decoder.held_bytes(), 0u);
  const std::string wire = masked(Opcode::binary, std::string(40'000, 'x'));
  feed(decoder, wire.substr(0, 30'000), kLimits, seen);
  EXPECT_GE(decoder.held_bytes(), 29'000u);
  EXPECT_LE(decoder.held_bytes(), 31'000u);
  feed(decoder, wire.substr(30'000), kLimits, seen);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(decoder.held_bytes(), 0u);
  feed(decoder, wire.substr(0, 1), kLimits, seen);
  EXPECT_GT(decoder.held_bytes(), 0u) << "half a header";
}

TEST(Decoder, DiscardsMessagesButReadsTheCloseFrame) {
  Decoder decoder(Role::server);
  std::vector<Seen> seen;
  const std::string wire = masked(Opcode::text, std::string(40'000, 'x'));
  feed(decoder, wire.substr(0, 30'000), kLimits, seen);
  const std::size_t before = decoder.held_bytes();
  decoder.discard_messages();
  const std::size_t after = decoder.held_bytes();
  EXPECT_LT(after, before - 29'000);
  // The rest of it, another in two pieces, whose text is broken, and what is waited for.
  const std::string broken = masked(Opcode::text, std::string(30'000, '\xFF'));
  feed(decoder, wire.substr(30'000) + broken.substr(0, 20'000), kLimits, seen);
  EXPECT_LE(decoder.held_bytes(), after);
  feed(decoder, broken.substr(20'000) + masked(Opcode::close, "\x03\xE8"), kLimits, seen);
  EXPECT_EQ(seen, (std::vector<Seen>{{Kind::text, CloseCode::no_status, ""},
                                     {Kind::text, CloseCode::no_status, ""},
                                     {Kind::close, CloseCode::normal, ""}}));
}

}  // namespace
}  // namespace signalbox::websocket::test
