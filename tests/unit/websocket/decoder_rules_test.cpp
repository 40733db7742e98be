// RFC 6455 sections 5 to 8, a row a rule. Every row is read in both roles and in several chunkings.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/websocket/transcript.hpp"
#include "websocket/frame.hpp"

namespace signalbox::websocket::test {
namespace {

using Kind = Event::Kind;
using namespace std::string_literals;

constexpr DecoderLimits kLimits{.message_bytes = 1000, .fragments = 4};

/// Writes frames that break rules as easily as ones that keep them, masked if `reader` wants them so.
class Wire {
 public:
  explicit Wire(Role reader) : masked_(reader == Role::server) {}

  /// The first byte of a frame as it is; the shortest length; the payload.
  [[nodiscard]] std::string frame(unsigned first, std::string_view payload) const {
    if (payload.size() < 126) return bytes(first, static_cast<unsigned>(payload.size()), "", payload);
    return bytes(first, 126, {static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())}, payload);
  }

  /// The same with the seven length bits and the extended length as they are given.
  [[nodiscard]] std::string bytes(unsigned first, unsigned length, const std::string& extended,
                                  std::string_view payload) const {
    std::string out{static_cast<char>(first), static_cast<char>(length | (masked_ ? 0x80u : 0u))};
    out += extended;
    if (!masked_) return out.append(payload);
    out += kKey;
    for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ kKey[i % 4]);
    return out;
  }

  /// A frame that is masked where it must not be, or the other way round.
  [[nodiscard]] Wire other_side() const { return Wire(masked_ ? Role::client : Role::server); }

 private:
  static constexpr char kKey[] = {'\x37', '\xFA', '\x21', '\x3D', '\0'};
  bool masked_;
};

struct Row {
  std::string rule;
  std::string wire;
  std::vector<Seen> seen;
};

std::string close_code(unsigned code) { return {static_cast<char>(code >> 8), static_cast<char>(code)}; }
Seen text(std::string payload) { return {Kind::text, CloseCode::no_status, std::move(payload)}; }
Seen binary(std::string payload) { return {Kind::binary, CloseCode::no_status, std::move(payload)}; }
Seen ping(std::string payload) { return {Kind::ping, CloseCode::no_status, std::move(payload)}; }
Seen pong(std::string payload) { return {Kind::pong, CloseCode::no_status, std::move(payload)}; }
Seen close(unsigned code, std::string reason) { return {Kind::close, static_cast<CloseCode>(code), std::move(reason)}; }
Seen error(unsigned code) { return {Kind::error, static_cast<CloseCode>(code), {}}; }

std::vector<Row> framing(const Wire& w) {  // section 5.2
  std::vector<Row> rows{
      {"a text message", w.frame(0x81, "Hello"), {text("Hello")}},
      {"a binary message, any bytes", w.frame(0x82, "\x00\xFF\xC3"s), {binary("\x00\xFF\xC3"s)}},
      {"empty messages", w.frame(0x81, "") + w.frame(0x82, ""), {text(""), binary("")}},
      {"messages back to back",
       w.frame(0x81, "a") + w.frame(0x82, "b") + w.frame(0x81, "c"),
       {text("a"), binary("b"), text("c")}},
      {"125 bytes, one length byte", w.frame(0x82, std::string(125, 'x')), {binary(std::string(125, 'x'))}},
      {"126 bytes, two more", w.frame(0x82, std::string(126, 'x')), {binary(std::string(126, 'x'))}},
      {"unmasked from a client, masked from a server", w.other_side().frame(0x81, "Hello"), {error(1002)}},
      {"nothing is read after an error", w.frame(0x83, "") + w.frame(0x81, "Hello"), {error(1002)}},
      {"16-bit length below 126", w.bytes(0x82, 126, "\0\x7D"s, std::string(125, 'x')), {error(1002)}},
      {"16-bit length of 0", w.bytes(0x82, 126, "\0\0"s, ""), {error(1002)}},
      {"64-bit length below 65536", w.bytes(0x82, 127, "\0\0\0\0\0\0\xFF\xFF"s, ""), {error(1002)}},
      {"64-bit length of 0", w.bytes(0x82, 127, "\0\0\0\0\0\0\0\0"s, ""), {error(1002)}},
      {"64-bit length with the top bit", w.bytes(0x82, 127, "\x80\0\0\0\0\0\0\0"s, ""), {error(1002)}},
      {"64-bit length of all ones", w.bytes(0x82, 127, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, ""), {error(1002)}},
      {"a cut header says nothing yet", w.frame(0x81, "Hello").substr(0, 1), {}},
      {"a cut payload says nothing yet", w.frame(0x81, "Hello").substr(0, 6), {}},
  };
  for (const unsigned bits : {0x10u, 0x20u, 0x40u, 0x70u}) {
    rows.push_back({"reserved bits " + std::to_string(bits), w.frame(0x81 | bits, "x"), {error(1002)}});
    rows.push_back({"reserved bits on a ping " + std::to_string(bits), w.frame(0x89 | bits, ""), {error(1002)}});
  }
  for (const unsigned opcode : {0x3u, 0x4u, 0x5u, 0x6u, 0x7u, 0xBu, 0xCu, 0xDu, 0xEu, 0xFu}) {
    rows.push_back({"reserved opcode " + std::to_string(opcode), w.frame(0x80 | opcode, ""), {error(1002)}});
  }
  return rows;
}

std::vector<Row> fragmentation(const Wire& w) {  // section 5.4
  return {
      {"two fragments", w.frame(0x01, "Hel") + w.frame(0x80, "lo"), {text("Hello")}},
      {"binary fragments", w.frame(0x02, "\xFF"s) + w.frame(0x00, "") + w.frame(0x80, "\xFE"s), {binary("\xFF\xFE"s)}},
      {"empty fragments", w.frame(0x01, "") + w.frame(0x00, "") + w.frame(0x80, ""), {text("")}},
      {"no more than a fragment is no message", w.frame(0x01, "Hel"), {}},
      {"a message after a fragmented one",
       w.frame(0x01, "a") + w.frame(0x80, "b") + w.frame(0x81, "c"),
       {text("ab"), text("c")}},
      {"two fragmented messages",
       w.frame(0x01, "a") + w.frame(0x80, "b") + w.frame(0x02, "c") + w.frame(0x80, "d"),
       {text("ab"), binary("cd")}},
      {"as many fragments as allowed",
       w.frame(0x01, "a") + w.frame(0x00, "b") + w.frame(0x00, "c") + w.frame(0x80, "d"),
       {text("abcd")}},
      {"a fragment too many",
       w.frame(0x01, "") + w.frame(0x00, "") + w.frame(0x00, "") + w.frame(0x00, "") + w.frame(0x80, ""),
       {error(1008)}},
      {"a ping between fragments", w.frame(0x01, "Hel") + w.frame(0x89, "p") + w.frame(0x80, "lo"), {ping("p"), text("Hello")}},
      {"controls do not count as fragments",
       w.frame(0x01, "a") + w.frame(0x89, "1") + w.frame(0x8A, "2") + w.frame(0x89, "3") + w.frame(0x8A, "4") +
           w.frame(0x80, "b"),
       {ping("1"), pong("2"), ping("3"), pong("4"), text("ab")}},
      {"a close between fragments", w.frame(0x01, "Hel") + w.frame(0x88, close_code(1001)), {close(1001, "")}},
      {"continuation without a start", w.frame(0x80, "x"), {error(1002)}},
      {"continuation after a whole message", w.frame(0x81, "a") + w.frame(0x00, "b"), {text("a"), error(1002)}},
      {"continuation after the last fragment",
       w.frame(0x01, "a") + w.frame(0x80, "b") + w.frame(0x80, "c"),
       {text("ab"), error(1002)}},
      {"a new text inside a message", w.frame(0x01, "a") + w.frame(0x81, "b"), {error(1002)}},
      {"a new binary inside a message", w.frame(0x02, "a") + w.frame(0x02, "b"), {error(1002)}},
      {"a message at the limit", w.frame(0x82, std::string(1000, 'x')), {binary(std::string(1000, 'x'))}},
      {"a message beyond the limit", w.frame(0x82, std::string(1001, 'x')), {error(1009)}},
      {"the limit is judged from the header", w.frame(0x82, std::string(1001, 'x')).substr(0, 8), {error(1009)}},
      {"fragments at the limit",
       w.frame(0x02, std::string(400, 'x')) + w.frame(0x80, std::string(600, 'x')),
       {binary(std::string(1000, 'x'))}},
      {"fragments beyond the limit",
       w.frame(0x02, std::string(400, 'x')) + w.frame(0x80, std::string(601, 'x')),
       {error(1009)}},
      {"a sum that would overflow",
       w.frame(0x02, "x") + w.bytes(0x80, 127, "\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s, "x"),
       {error(1009)}},
  };
}

std::vector<Row> control(const Wire& w) {  // section 5.5
  std::vector<Row> rows{
      {"ping and pong", w.frame(0x89, "Hello") + w.frame(0x8A, "Hello"), {ping("Hello"), pong("Hello")}},
      {"empty ping", w.frame(0x89, ""), {ping("")}},
      {"any bytes in a ping", w.frame(0x89, "\x00\xFF"s), {ping("\x00\xFF"s)}},
      {"a ping of 125 bytes", w.frame(0x89, std::string(125, 'p')), {ping(std::string(125, 'p'))}},
      {"a ping of 126 bytes", w.frame(0x89, std::string(126, 'p')), {error(1002)}},
      {"a control frame with a long length", w.bytes(0x8A, 127, "\0\0\0\0\0\x01\0\0"s, ""), {error(1002)}},
      {"a close of 126 bytes", w.frame(0x88, close_code(1000) + std::string(124, 'r')), {error(1002)}},
  };
  for (const unsigned opcode : {0x8u, 0x9u, 0xAu}) {
    rows.push_back({"fragmented control frame " + std::to_string(opcode), w.frame(opcode, ""), {error(1002)}});
  }
  return rows;
}

std::vector<Row> closing(const Wire& w) {  // sections 5.5.1 and 7.4
  std::vector<Row> rows{
      {"no code", w.frame(0x88, ""), {close(1005, "")}},
      {"half a code", w.frame(0x88, "\x03"), {error(1002)}},
      {"a reason", w.frame(0x88, close_code(1000) + "bye \xC3\xA4"), {close(1000, "bye \xC3\xA4")}},
      {"the longest reason", w.frame(0x88, close_code(1000) + std::string(123, 'r')), {close(1000, std::string(123, 'r'))}},
      {"a reason that is not UTF-8", w.frame(0x88, close_code(1000) + "\xC3"), {error(1007)}},
      {"a reason with a surrogate", w.frame(0x88, close_code(1000) + "\xED\xA0\x80"), {error(1007)}},
      {"nothing is read after a close",
       w.frame(0x88, close_code(1000)) + w.frame(0x83, "") + w.frame(0x81, "x"),
       {close(1000, "")}},
  };
  for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1011u, 1012u, 1013u, 1014u, 3000u, 3999u, 4000u, 4999u}) {
    rows.push_back({"code " + std::to_string(code), w.frame(0x88, close_code(code)), {close(code, "")}});
  }
  for (const unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u}) {
    rows.push_back({"code " + std::to_string(code), w.frame(0x88, close_code(code)), {error(1002)}});
  }
  return rows;
}

std::vector<Row> utf8(const Wire& w) {  // sections 5.6 and 8.1
  return {
      {"characters of one to four bytes",
       w.frame(0x81, "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x82"),
       {text("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x9A\x82")}},
      {"a character cut by a fragment",
       w.frame(0x01, "\xF0\x9F") + w.frame(0x00, "\x9A") + w.frame(0x80, "\x82"),
       {text("\xF0\x9F\x9A\x82")}},
      {"a bad byte", w.frame(0x81, "abc\xFF"), {error(1007)}},
      {"a message that ends inside a character", w.frame(0x81, "abc\xE2\x82"), {error(1007)}},
      {"fragments that end inside a character", w.frame(0x01, "\xE2") + w.frame(0x80, "\x82"), {error(1007)}},
      {"an empty last fragment after half a character", w.frame(0x01, "\xE2") + w.frame(0x80, ""), {error(1007)}},
      {"a surrogate across fragments", w.frame(0x01, "\xED") + w.frame(0x80, "\xA0\x80"), {error(1007)}},
      {"a bad fragment fails before the last one", w.frame(0x01, "\xC0"), {error(1007)}},
      {"a bad byte fails before its frame is whole",
       w.frame(0x81, "ab\xFF" + std::string(100, 'x')).substr(0, 10),
       {error(1007)}},
      {"a bad fragment fails before the ping after it", w.frame(0x01, "\xF5") + w.frame(0x89, ""), {error(1007)}},
      {"a ping between the halves of a character",
       w.frame(0x01, "\xC3") + w.frame(0x89, "\xFF") + w.frame(0x80, "\xA4"),
       {ping("\xFF"), text("\xC3\xA4")}},
      {"binary after bad-looking binary", w.frame(0x82, "\xC3") + w.frame(0x81, "ok"), {binary("\xC3"), text("ok")}},
  };
}

std::vector<Row> permessage_deflate(const Wire& w) {  // RFC 7692 section 6
  const auto compressed = [](Kind kind, std::string payload) {
    return Seen{kind, CloseCode::no_status, std::move(payload), true};
  };
  return {
      {"a compressed text, checked by whoever inflates it", w.frame(0xC1, "\xF2\xFF"), {compressed(Kind::text, "\xF2\xFF")}},
      {"a compressed binary", w.frame(0xC2, "\xFF"), {compressed(Kind::binary, "\xFF")}},
      {"none is compressed without the bit", w.frame(0x81, "a") + w.frame(0x82, "b"), {text("a"), binary("b")}},
      {"and such a text is checked", w.frame(0x81, "\xFF"), {error(1007)}},
      {"the first fragment has the bit, and a ping comes between",
       w.frame(0x41, "\xF2") + w.frame(0x89, "p") + w.frame(0x00, "") + w.frame(0x80, "\xFF"),
       {ping("p"), compressed(Kind::text, "\xF2\xFF")}},
      {"the next message is none of it",
       w.frame(0x42, "a") + w.frame(0x80, "b") + w.frame(0x01, "c") + w.frame(0x80, "d"),
       {compressed(Kind::binary, "ab"), text("cd")}},
      {"on a continuation", w.frame(0x41, "a") + w.frame(0xC0, "b"), {error(1002)}},
      {"on a continuation of a message that is not", w.frame(0x01, "a") + w.frame(0xC0, "b"), {error(1002)}},
      {"on a ping", w.frame(0xC9, ""), {error(1002)}},
      {"on a pong", w.frame(0xCA, ""), {error(1002)}},
      {"on a close", w.frame(0xC8, close_code(1000)), {error(1002)}},
      {"RSV2 beside it", w.frame(0xE1, "a"), {error(1002)}},
      {"RSV3 beside it", w.frame(0xD1, "a"), {error(1002)}},
      {"the limit holds for what is on the wire", w.frame(0xC2, std::string(1065, 'x')), {error(1009)}},
      {"also in fragments", w.frame(0x42, std::string(600, 'x')) + w.frame(0x80, std::string(465, 'x')), {error(1009)}},
      {"what can't be compressed has 64 bytes more",
       w.frame(0xC2, std::string(1064, 'x')) + w.frame(0x42, std::string(600, 'x')) + w.frame(0x80, std::string(464, 'y')),
       {compressed(Kind::binary, std::string(1064, 'x')),
        compressed(Kind::binary, std::string(600, 'x') + std::string(464, 'y'))}},
      {"but not where it is not compressed", w.frame(0x82, std::string(1001, 'x')), {error(1009)}},
      {"as does that of fragments",
       w.frame(0x42, "") + w.frame(0x00, "") + w.frame(0x00, "") + w.frame(0x00, "") + w.frame(0x00, ""),
       {error(1008)}},
  };
}

class DecoderRules : public testing::TestWithParam<Role> {
 protected:
  void hold(const std::vector<Row>& rows, Extension extension = Extension::none) {
    for (const Row& row : rows) {
      for (const Chunking& chunking : chunkings()) {
        SCOPED_TRACE(row.rule + ", " + chunking.name);
        EXPECT_EQ(transcript(row.wire, GetParam(), kLimits, chunking.next_size, extension), row.seen);
      }
    }
  }
  Wire wire_{GetParam()};
};

TEST_P(DecoderRules, HoldForFraming) { hold(framing(wire_)); }
TEST_P(DecoderRules, HoldForFragmentation) { hold(fragmentation(wire_)); }
TEST_P(DecoderRules, HoldForControlFrames) { hold(control(wire_)); }
TEST_P(DecoderRules, HoldForClosing) { hold(closing(wire_)); }
TEST_P(DecoderRules, HoldForText) { hold(utf8(wire_)); }
TEST_P(DecoderRules, HoldForCompressedMessages) { hold(permessage_deflate(wire_), Extension::permessage_deflate); }
TEST_P(DecoderRules, HoldForAllElseWhereCompressionIsNegotiated) {
  for (const auto& rows : {fragmentation(wire_), control(wire_), closing(wire_), utf8(wire_)}) {
    hold(rows, Extension::permessage_deflate);
  }
}

INSTANTIATE_TEST_SUITE_P(BothRoles, DecoderRules, testing::Values(Role::server, Role::client),
                         [](const auto& role) { return role.param == Role::server ? "Server" : "Client"; });

}  // namespace
}  // namespace signalbox::websocket::test
