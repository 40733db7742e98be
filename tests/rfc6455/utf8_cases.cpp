// RFC 6455 section 8.1, with the sequences of Markus Kuhn's UTF-8 decoder stress test. Each is sent as one frame and as a
// fragment a byte, so that every character is cut at every border.
#include <utility>

#include "tests/rfc6455/cases.hpp"

namespace signalbox::test {
namespace {

using namespace std::string_literals;

/// The code point in the form that its size asks for, also those that are no characters: surrogates, beyond U+10FFFF.
std::string encoded(unsigned point) {
  const auto tail = [point](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char byte : bytes.substr(0, 12)) {
    const auto value = static_cast<unsigned char>(byte);
    if (!out.empty()) out += ' ';
    out.append({kDigits[value >> 4], kDigits[value & 15]});
  }
  return bytes.size() > 12 ? out + " and so on" : out;
}

class Group {
 public:
  Group(std::vector<Case>& cases, std::string number, std::string about)
      : cases_(cases), number_(std::move(number)), about_(std::move(about)) {}

  void valid(const std::string& text) { add(text, true); }
  void invalid(const std::string& text) { add(text, false); }

 private:
  void add(const std::string& text, bool valid) {
    const std::string number = "6." + number_ + "." + std::to_string(++count_);
    const std::string what = about_ + ": " + hex(text);
    for (const bool fragmented : {false, true}) {
      Case one{number + (fragmented ? "f" : ""), what + (fragmented ? ", a fragment a byte" : ""), {}, {}};
      one.sent = fragmented ? text_in_bytes(text) : std::vector<std::string>{masked_frame(kText, text)};
      if (valid) {
        one.back = {{kText, text}};
      } else {
        one.code = 1007;
        one.closes = true;
      }
      cases_.push_back(std::move(one));
    }
  }

  std::vector<Case>& cases_;
  std::string number_;
  std::string about_;
  int count_ = 0;
};

const std::string kGreek = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5";  // κόσμε

void add_messages(std::vector<Case>& cases) {
  const std::string hello = "Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!";
  cases.push_back({"6.1.1", "an empty text", {masked_frame(kText, "")}, {{kText, ""}}});
  cases.push_back({"6.1.2",
                   "three empty fragments",
                   {masked_frame(kTextBegins, ""), masked_frame(kGoesOn, ""), masked_frame(kEnds, "")},
                   {{kText, ""}}});
  cases.push_back({"6.1.3",
                   "an empty fragment on each side",
                   {masked_frame(kTextBegins, ""), masked_frame(kGoesOn, "middle"), masked_frame(kEnds, "")},
                   {{kText, "middle"}}});
  cases.push_back({"6.2.1", "letters of two bytes", {masked_frame(kText, hello)}, {{kText, hello}}});
  cases.push_back({"6.2.2",
                   "the same in two fragments, cut between letters",
                   {masked_frame(kTextBegins, hello.substr(0, 12)), masked_frame(kEnds, hello.substr(12))},
                   {{kText, hello}}});
  cases.push_back({"6.2.3", "the same, a fragment a byte", text_in_bytes(hello), {{kText, hello}}});
  cases.push_back({"6.2.4", "Greek, a fragment a byte", text_in_bytes(kGreek), {{kText, kGreek}}});
  const std::string spoilt = kGreek + "\xED\xA0\x80" + "edited";
  cases.push_back(refused("6.3.1", "a surrogate behind good text", 1007, {masked_frame(kText, spoilt)}));
  cases.push_back(refused("6.3.2", "the same, a fragment a byte", 1007, text_in_bytes(spoilt)));
}

/// A bad middle: the server need not wait for the end, and this one does not. Nothing is sent behind the first bad byte.
void add_fail_fast(std::vector<Case>& cases) {
  const std::string beyond = "\xF4\x90\x80\x80";
  cases.push_back(refused("6.4.1", "a fragment beyond U+10FFFF, no last fragment", 1007,
                          {masked_frame(kTextBegins, kGreek), masked_frame(kGoesOn, beyond)}));
  cases.push_back(refused("6.4.2", "a fragment that ends at its first bad byte", 1007,
                          {masked_frame(kTextBegins, kGreek + "\xF4"), masked_frame(kGoesOn, "\x90")}));
  const std::string frame = masked_frame(kText, kGreek + beyond + "edited");
  cases.push_back(refused("6.4.3", "a frame that is cut behind its bad character", 1007, {frame.substr(0, frame.size() - 6)}));
  cases.push_back(refused("6.4.4", "a frame that is cut at its first bad byte", 1007, {frame.substr(0, frame.size() - 8)}));
}

/// A character of each length between letters of one byte, and a word of two and three.
void add_texts(std::vector<Case>& cases) {
  Group group(cases, "5", "a valid text");
  for (const char* sign : {"$", "\xC2\xA2", "\xE2\x82\xAC", "\xF0\xA4\xAD\xA2"})
    group.valid("train" + std::string(sign) + "track");
  group.valid(kGreek);
}

void add_prefixes(std::vector<Case>& cases) {
  Group group(cases, "6", "the beginning of a Greek word");
  for (std::size_t size = 1; size <= kGreek.size(); ++size) {
    const bool whole = size == 2 || size == 5 || size == 7 || size == 9 || size == 11;
    whole ? group.valid(kGreek.substr(0, size)) : group.invalid(kGreek.substr(0, size));
  }
}

void add_borders(std::vector<Case>& cases) {
  Group first(cases, "7", "the first of a length");
  for (const unsigned point : {0x0u, 0x80u, 0x800u, 0x10000u}) first.valid(encoded(point));
  Group too_long(cases, "8", "the first of five and six bytes");
  too_long.invalid("\xF8\x88\x80\x80\x80");
  too_long.invalid("\xFC\x84\x80\x80\x80\x80");
  Group last(cases, "9", "the last of a length");
  for (const unsigned point : {0x7Fu, 0x7FFu, 0xFFFFu, 0x10FFFFu}) last.valid(encoded(point));
  Group last_long(cases, "10", "the last of four to six bytes");
  for (const char* text : {"\xF7\xBF\xBF\xBF", "\xFB\xBF\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF\xBF"}) last_long.invalid(text);
  Group other(cases, "11", "beside a border");
  for (const unsigned point : {0xD7FFu, 0xE000u, 0xFFFDu, 0x10FFFFu}) other.valid(encoded(point));
  other.invalid(encoded(0x110000u));
}

void add_malformed(std::vector<Case>& cases) {
  Group tails(cases, "12", "continuation bytes of nothing");
  for (const char* text :
       {"\x80", "\xBF", "\x80\xBF", "\x80\xBF\x80", "\x80\xBF\x80\xBF", "\x80\xBF\x80\xBF\x80", "\x80\xBF\x80\xBF\x80\xBF"}) {
    tails.invalid(text);
  }
  std::string all;
  for (int byte = 0x80; byte <= 0xBF; ++byte) all += static_cast<char>(byte);
  tails.invalid(all);

  Group lonely(cases, "13", "lead bytes, each before a space");
  for (const auto& [from, to] : {std::pair(0xC0, 0xDF), {0xE0, 0xEF}, {0xF0, 0xF7}, {0xF8, 0xFB}, {0xFC, 0xFD}}) {
    std::string leads;
    for (int byte = from; byte <= to; ++byte) leads.append({static_cast<char>(byte), ' '});
    lonely.invalid(leads);
  }

  Group cut(cases, "14", "the last byte is missing");
  all.clear();
  for (const char* text : {"\xC0", "\xE0\x80", "\xF0\x80\x80", "\xF8\x80\x80\x80", "\xFC\x80\x80\x80\x80", "\xDF", "\xEF\xBF",
                           "\xF7\xBF\xBF", "\xFB\xBF\xBF\xBF", "\xFD\xBF\xBF\xBF\xBF"}) {
    cut.invalid(text);
    all += text;
  }
  Group(cases, "15", "all of these together").invalid(all);
  Group never(cases, "16", "bytes that are never right");
  for (const char* text : {"\xFE", "\xFF", "\xFE\xFE\xFF\xFF"}) never.invalid(text);
}

void add_overlong(std::vector<Case>& cases) {
  Group slash(cases, "17", "an overlong slash");
  for (const char* text :
       {"\xC0\xAF", "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\xF8\x80\x80\x80\xAF", "\xFC\x80\x80\x80\x80\xAF"}) {
    slash.invalid(text);
  }
  Group largest(cases, "18", "the largest overlong");
  for (const char* text :
       {"\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF8\x87\xBF\xBF\xBF", "\xFC\x83\xBF\xBF\xBF\xBF"}) {
    largest.invalid(text);
  }
  Group nul(cases, "19", "an overlong NUL");
  for (const char* text :
       {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xF8\x80\x80\x80\x80", "\xFC\x80\x80\x80\x80\x80"}) {
    nul.invalid(text);
  }
}

void add_code_points(std::vector<Case>& cases) {
  Group surrogates(cases, "20", "a surrogate");
  for (const unsigned point : {0xD800u, 0xDB7Fu, 0xDB80u, 0xDBFFu, 0xDC00u, 0xDF80u, 0xDFFFu})
    surrogates.invalid(encoded(point));
  Group pairs(cases, "21", "a pair of surrogates");
  for (const unsigned high : {0xD800u, 0xDB7Fu, 0xDB80u, 0xDBFFu}) {
    for (const unsigned low : {0xDC00u, 0xDFFFu}) pairs.invalid(encoded(high) + encoded(low));
  }
  Group noncharacters(cases, "22", "a noncharacter, which is valid");
  for (unsigned plane = 0; plane <= 0x10; ++plane) {
    for (const unsigned point : {0xFFFEu, 0xFFFFu}) noncharacters.valid(encoded(plane << 16 | point));
  }
  Group specials(cases, "23", "a special, which is valid");
  for (unsigned point = 0xFFF9; point <= 0xFFFF; ++point) specials.valid(encoded(point));
}

}  // namespace

std::vector<Case> utf8_cases() {
  std::vector<Case> cases;
  add_messages(cases);
  add_fail_fast(cases);
  add_texts(cases);
  add_prefixes(cases);
  add_borders(cases);
  add_malformed(cases);
  add_overlong(cases);
  add_code_points(cases);
  return cases;
}

}  // namespace signalbox::test
