// RFC 6455 sections 5.5.1 and 7: the close handshake, its codes and reasons. Whatever code a client sends comes back.
#include <utility>

#include "tests/rfc6455/cases.hpp"

namespace signalbox::test {
namespace {

/// One in which the client closes by what it sends.
Case answered(std::string number, std::string what, unsigned code, std::vector<std::string> sent,
              std::vector<RawFrame> back = {}) {
  return refused(std::move(number), std::move(what), code, std::move(sent), std::move(back));
}

std::string closing(unsigned code, std::string_view reason = {}) { return masked_frame(kClose, close_payload(code, reason)); }

void add_order(std::vector<Case>& cases) {
  const std::string large(256 * 1024, '*');
  cases.push_back(
      answered("7.1.1", "a text, then a close", 1000, {masked_frame(kText, "Hello"), closing(1000)}, {{kText, "Hello"}}));
  cases.push_back(answered("7.1.2", "two closes, one answer", 1000, {closing(1000), closing(1000)}));
  cases.push_back(answered("7.1.3", "a ping after the close, no pong", 1000, {closing(1000) + masked_frame(kPing, "late")}));
  cases.push_back(answered("7.1.4", "a text after the close, no echo", 1000, {closing(1000) + masked_frame(kText, "late")}));
  cases.push_back(answered("7.1.5", "a close between two fragments, no echo", 1000,
                           {masked_frame(kTextBegins, "frag") + closing(1000) + masked_frame(kEnds, "ment")}));
  cases.push_back(answered("7.1.6", "256 KiB, a close, a ping", 1000,
                           {masked_frame(kText, large), closing(1000), masked_frame(kPing, "")}, {{kText, large}}));
  cases.push_back(
      answered("C.1", "a frame that breaks the rules after the close", 1000, {closing(1000) + masked_frame(0x83, "")}));
}

void add_payloads(std::vector<Case>& cases) {
  cases.push_back(answered("7.3.1", "a close without a code", 1000, {masked_frame(kClose, "")}));
  cases.push_back(refused("7.3.2", "a close of one byte", 1002, {masked_frame(kClose, "\x03")}));
  cases.push_back(answered("7.3.3", "a close with a code", 1000, {closing(1000)}));
  cases.push_back(answered("7.3.4", "a close with a reason", 1000, {closing(1000, "Hello World!")}));
  cases.push_back(answered("7.3.5", "a reason of 123 bytes", 1000, {closing(1000, std::string(123, '*'))}));
  cases.push_back(refused("7.3.6", "a reason of 124 bytes", 1002, {closing(1000, std::string(124, '*'))}));
  cases.push_back(refused("7.5.1", "a reason that is no UTF-8", 1007, {closing(1000, "\xCE\xBA\xE1\xBD\xB9\xED\xA0\x80")}));
  cases.push_back(refused("C.2", "a reason that ends inside a character", 1007, {closing(1000, "\xE2\x82")}));
  cases.push_back(refused("C.3", "a close in two fragments", 1002, {masked_frame(0x08, "\x03"), masked_frame(kEnds, "\xE8")}));
  cases.push_back(bytewise("C.4", answered("", "a close with a reason", 1001, {closing(1001, "bye")})));
}

/// IANA's registry, and what section 7.4.2 leaves to libraries and applications.
void add_codes(std::vector<Case>& cases) {
  int number = 0;
  for (const unsigned code :
       {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u, 1014u, 3000u, 3999u, 4000u, 4999u}) {
    cases.push_back(answered("7.7." + std::to_string(++number), "code " + std::to_string(code), code, {closing(code)}));
  }
  number = 0;
  for (const unsigned code : {0u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u}) {
    cases.push_back(
        refused("7.9." + std::to_string(++number), "code " + std::to_string(code) + ", never sent", 1002, {closing(code)}));
  }
  cases.push_back(refused("7.13.1", "code 5000", 1002, {closing(5000)}));
  cases.push_back(refused("7.13.2", "code 65535", 1002, {closing(65535)}));
}

}  // namespace

std::vector<Case> closing_cases() {
  std::vector<Case> cases;
  add_order(cases);
  add_payloads(cases);
  add_codes(cases);
  return cases;
}

}  // namespace signalbox::test
