// RFC 6455 sections 5.1, 5.2 and 5.5: sizes, pings and pongs, reserved bits and opcodes, masks and lengths.
#include <utility>

#include "tests/rfc6455/cases.hpp"

namespace signalbox::test {
namespace {

using namespace std::string_literals;

constexpr std::size_t kSizes[] = {0, 125, 126, 127, 128, 65535, 65536};

void add_sizes(std::vector<Case>& cases) {
  for (const bool text : {true, false}) {
    const std::string group = text ? "1.1." : "1.2.";
    const std::string kind = text ? "text" : "binary";
    const std::uint8_t first = text ? kText : kBinary;
    int number = 0;
    for (const std::size_t size : kSizes) {
      const std::string payload(size, text ? '*' : '\xFE');
      cases.push_back({group + std::to_string(++number),
                       std::to_string(size) + " bytes of " + kind,
                       {masked_frame(first, payload)},
                       {{first, payload}}});
    }
    Case chopped = cases.back();
    chopped.number = group + std::to_string(++number);
    chopped.what += ", in chops of 997";
    chopped.chops = 997;
    cases.push_back(std::move(chopped));
  }
}

void add_pings(std::vector<Case>& cases) {
  const std::string longest(125, '\xFE');
  cases.push_back({"2.1", "a ping without payload", {masked_frame(kPing, "")}, {{kPong, ""}}});
  cases.push_back({"2.2", "a ping with text", {masked_frame(kPing, "Hello")}, {{kPong, "Hello"}}});
  cases.push_back(
      {"2.3", "a ping whose payload is no UTF-8", {masked_frame(kPing, "\x00\xFF\xFE"s)}, {{kPong, "\x00\xFF\xFE"s}}});
  cases.push_back({"2.4", "a ping of 125 bytes", {masked_frame(kPing, longest)}, {{kPong, longest}}});
  cases.push_back(refused("2.5", "a ping of 126 bytes", 1002, {masked_frame(kPing, longest + '\xFE')}));
  cases.push_back(bytewise("2.6", cases[cases.size() - 2]));
  cases.push_back({"2.7", "a pong that nobody asked for", {masked_frame(kPong, "")}, {}});
  cases.push_back({"2.8", "such a pong with payload", {masked_frame(kPong, "unasked")}, {}});
  cases.push_back(
      {"2.9", "such a pong, then a ping", {masked_frame(kPong, "unasked"), masked_frame(kPing, "asked")}, {{kPong, "asked"}}});
  Case ten{"2.10", "ten pings, each with its pong", {}, {}};
  for (int i = 0; i < 10; ++i) {
    ten.sent.push_back(masked_frame(kPing, "payload " + std::to_string(i)));
    ten.back.push_back({kPong, "payload " + std::to_string(i)});
  }
  cases.push_back(ten);
  cases.push_back(bytewise("2.11", std::move(ten)));
}

std::uint8_t with_bits(std::uint8_t first, unsigned bits) { return static_cast<std::uint8_t>(first | bits << 4); }

/// A good text, what must not come, and a ping that must not be answered.
Case refused_between(std::string number, std::string what, std::string bad) {
  return refused(std::move(number), std::move(what), 1002,
                 {masked_frame(kText, "before"), std::move(bad), masked_frame(kPing, "")}, {{kText, "before"}});
}

void add_reserved_bits(std::vector<Case>& cases) {
  cases.push_back(refused("3.1", "a text with RSV3", 1002, {masked_frame(with_bits(kText, 1), "x")}));
  const Case between = refused_between("3.2", "a text with RSV2 after a good one", masked_frame(with_bits(kText, 2), "x"));
  cases.push_back(at_once("3.2", between));
  cases.push_back(refused_between("3.3", "a text with RSV2 and RSV3 after a good one", masked_frame(with_bits(kText, 3), "x")));
  cases.push_back(bytewise("3.4", refused_between("", "a text with RSV1, no extension agreed, after a good one",
                                                  masked_frame(with_bits(kText, 4), "x"))));
  cases.push_back(refused("3.5", "a binary with RSV1 and RSV3", 1002, {masked_frame(with_bits(kBinary, 5), "x")}));
  cases.push_back(refused("3.6", "a ping with RSV1 and RSV2", 1002, {masked_frame(with_bits(kPing, 6), "x")}));
  cases.push_back(refused("3.7", "a close with all three", 1002, {masked_frame(with_bits(kClose, 7), close_payload(1000))}));
}

void add_reserved_opcodes(std::vector<Case>& cases) {
  for (const unsigned first : {3u, 11u}) {
    const std::string group = first == 3 ? "4.1." : "4.2.";
    const auto frame = [&](unsigned i, std::string_view payload) {
      return masked_frame(static_cast<std::uint8_t>(0x80 | (first + i)), payload);
    };
    const auto name = [&](unsigned i) { return "opcode " + std::to_string(first + i); };
    cases.push_back(refused(group + "1", name(0), 1002, {frame(0, "")}));
    cases.push_back(refused(group + "2", name(1) + " with payload", 1002, {frame(1, "reserved")}));
    cases.push_back(at_once(group + "3", refused_between("", name(2) + " after a text", frame(2, ""))));
    cases.push_back(refused_between(group + "4", name(3) + " with payload after a text", frame(3, "reserved")));
    cases.push_back(bytewise(group + "5", refused_between("", name(4) + " with payload after a text", frame(4, "reserved"))));
  }
}

/// A masked text frame whose length is written as it is given here.
std::string with_length(char length, std::string_view extended, std::string_view masked_payload = {}) {
  return std::string{'\x81', static_cast<char>(length | '\x80')}.append(extended).append("\0\0\0\0", 4).append(masked_payload);
}

void add_masks_and_lengths(std::vector<Case>& cases) {
  cases.push_back(refused("M.1", "an unmasked text", 1002, {"\x81\x05Hello"}));
  cases.push_back(refused("M.2", "an unmasked ping", 1002, {"\x89\x00"s}));
  cases.push_back(refused("M.3", "an unmasked close", 1002, {"\x88\x02\x03\xE8"}));
  cases.push_back(
      refused("M.4", "an unmasked fragment after a masked one", 1002, {masked_frame(kTextBegins, "Hel"), "\x80\x02lo"}));
  cases.push_back({"M.5", "a masking key of zeros", {with_length(5, "", "Hello")}, {{kText, "Hello"}}});
  cases.push_back(refused("L.1", "5 bytes announced in 16 bits", 1002, {with_length(126, "\0\x05"s, "Hello")}));
  cases.push_back(refused("L.2", "125 bytes announced in 16 bits", 1002, {with_length(126, "\0\x7D"s, std::string(125, '*'))}));
  cases.push_back(
      refused("L.3", "126 bytes announced in 64 bits", 1002, {with_length(127, "\0\0\0\0\0\0\0\x7E"s, std::string(126, '*'))}));
  cases.push_back(refused("L.4", "65535 bytes announced in 64 bits", 1002, {with_length(127, "\0\0\0\0\0\0\xFF\xFF"s)}));
  cases.push_back(refused("L.5", "2^63 bytes announced", 1002, {with_length(127, "\x80\0\0\0\0\0\0\0"s)}));
  cases.push_back(refused("L.6", "2^64 - 1 bytes announced", 1002, {with_length(127, std::string(8, '\xFF'))}));
  cases.push_back(refused("L.7", "2^63 - 1 bytes announced", 1009, {with_length(127, '\x7F' + std::string(7, '\xFF'))}));
  cases.push_back(refused("L.8", "a sum of fragments that would overflow", 1009,
                          {masked_frame(kBinaryBegins, "x"), "\x80\xFF\x7F"s + std::string(7, '\xFF') + "\0\0\0\0"s}));
  cases.push_back(refused("L.9", "a close that announces 16 bits of length", 1002, {"\x88\xFE\x00\x7E\0\0\0\0"s}));
}

}  // namespace

std::vector<Case> framing_cases() {
  std::vector<Case> cases;
  add_sizes(cases);
  add_pings(cases);
  add_reserved_bits(cases);
  add_reserved_opcodes(cases);
  add_masks_and_lengths(cases);
  return cases;
}

}  // namespace signalbox::test
