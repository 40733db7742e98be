// RFC 6455 section 5.4.
#include <algorithm>
#include <utility>

#include "tests/rfc6455/cases.hpp"

namespace signalbox::test {
namespace {

std::string first_half(std::string_view text = "fragment1") { return masked_frame(kTextBegins, text); }
std::string second_half(std::string_view text = "fragment2") { return masked_frame(kEnds, text); }

void add_control_frames(std::vector<Case>& cases) {
  cases.push_back(refused("5.1", "a ping in two fragments", 1002, {masked_frame(0x09, "frag"), masked_frame(kEnds, "ment")}));
  cases.push_back(refused("5.2", "a pong in two fragments", 1002, {masked_frame(0x0A, "frag"), masked_frame(kEnds, "ment")}));
}

/// The same in one write, a frame a write, and a byte a write: three numbers in a row.
void add_cut(std::vector<Case>& cases, int number, const Case& one) {
  const auto name = [](int n) { return "5." + std::to_string(n); };
  cases.push_back(at_once(name(number), one));
  cases.push_back(one);
  cases.back().number = name(number + 1);
  cases.back().what += ", a frame a write";
  cases.push_back(bytewise(name(number + 2), one));
}

void add_texts(std::vector<Case>& cases) {
  add_cut(cases, 3, {"", "a text in two fragments", {first_half(), second_half()}, {{kText, "fragment1fragment2"}}});
  add_cut(cases, 6,
          {"",
           "a ping between two fragments",
           {first_half(), masked_frame(kPing, "ping payload"), second_half()},
           {{kPong, "ping payload"}, {kText, "fragment1fragment2"}}});
  add_cut(cases, 9,
          refused("", "a last fragment of nothing, then a text", 1002,
                  {masked_frame(kEnds, "nothing to continue"), masked_frame(kText, "Hello")}));
  add_cut(cases, 12,
          refused("", "a middle fragment of nothing, then a text", 1002,
                  {masked_frame(kGoesOn, "nothing to continue"), masked_frame(kText, "Hello")}));
  cases.push_back(refused("5.15", "a middle fragment after the last one, then a text", 1002,
                          {first_half(), second_half(), masked_frame(kGoesOn, "fragment3"), masked_frame(kText, "fragment4")},
                          {{kText, "fragment1fragment2"}}));
  for (const std::uint8_t stray : {kGoesOn, kEnds}) {
    std::vector<std::string> twice;
    for (int i = 0; i < 2; ++i) {
      twice.insert(twice.end(), {masked_frame(stray, "fragment1"), first_half("fragment2"), second_half("fragment3")});
    }
    const std::string which = stray == kGoesOn ? "a middle" : "a last";
    cases.push_back(refused(stray == kGoesOn ? "5.16" : "5.17", which + " fragment of nothing before a text in two, twice",
                            1002, std::move(twice)));
  }
  cases.push_back(refused("5.18", "a text inside a text", 1002, {first_half(), masked_frame(kText, "fragment2")}));
}

void add_text_with_pings(std::vector<Case>& cases) {
  Case five{
      "5.19",
      "a text in five fragments with two pings between",
      {first_half(), masked_frame(kGoesOn, "fragment2"), masked_frame(kPing, "pongme 1!"), masked_frame(kGoesOn, "fragment3"),
       masked_frame(kGoesOn, "fragment4"), masked_frame(kPing, "pongme 2!"), second_half("fragment5")},
      {{kPong, "pongme 1!"}, {kPong, "pongme 2!"}, {kText, "fragment1fragment2fragment3fragment4fragment5"}}};
  cases.push_back(at_once("5.19", five));
  five.number = "5.20";
  five.what += ", a frame a write";
  cases.push_back(std::move(five));
}

/// `payload` as a message of fragments of `size` bytes.
std::vector<std::string> fragments(std::uint8_t opcode, std::string_view payload, std::size_t size) {
  std::vector<std::string> frames;
  for (std::size_t at = 0; at < payload.size(); at += size) {
    const bool last = at + size >= payload.size();
    frames.push_back(
        masked_frame(static_cast<std::uint8_t>((at == 0 ? opcode : 0) | (last ? 0x80 : 0)), payload.substr(at, size)));
  }
  return frames;
}

void add_many(std::vector<Case>& cases) {
  const std::string payload(65536, '*');
  cases.push_back({"10.1.1", "65536 bytes in fragments of 1300", fragments(kTextBegins, payload, 1300), {{kText, payload}}});
  const std::string short_one(1024, '*');
  cases.push_back(
      {"F.1", "1024 fragments, as many as allowed", fragments(kBinaryBegins, short_one, 1), {{kBinary, short_one}}});
  cases.push_back(refused("F.2", "1025 fragments", 1008, fragments(kBinaryBegins, short_one + "*", 1)));
  std::vector<std::string> empty(1024, masked_frame(kGoesOn, ""));
  empty.insert(empty.begin(), masked_frame(kTextBegins, ""));
  cases.push_back(refused("F.3", "empty fragments without end", 1008, std::move(empty)));
}

}  // namespace

std::vector<std::string> text_in_bytes(std::string_view payload) { return fragments(kTextBegins, payload, 1); }

std::vector<Case> fragmentation_cases() {
  std::vector<Case> cases;
  add_control_frames(cases);
  add_texts(cases);
  add_text_with_pings(cases);
  add_many(cases);
  return cases;
}

}  // namespace signalbox::test
