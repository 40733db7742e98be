// The cases: what is sent to an echo server, and what must come back. Numbers are those of the Autobahn testsuite, where it has
// the case; letters are ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_websocket.hpp"

namespace signalbox::test {

struct Case {
  std::string number;
  std::string what;
  std::vector<std::string> sent;  ///< a write each
  std::vector<RawFrame> back;     ///< before the close
  /// Of the server's close frame. Unless `closes`, it is the answer to the close 1000 with which the client ends every case.
  unsigned code = 1000;
  bool closes = false;    ///< what is sent makes the server close
  std::size_t chops = 0;  ///< > 0: all that is sent goes out in writes of so many bytes
};

inline std::ostream& operator<<(std::ostream& out, const Case& one) { return out << one.number << ": " << one.what; }

std::vector<Case> framing_cases();        ///< groups 1 to 4, and what the numbers leave out: masks and lengths
std::vector<Case> fragmentation_cases();  ///< groups 5 and 10
std::vector<Case> utf8_cases();           ///< group 6
std::vector<Case> closing_cases();        ///< group 7

// First bytes of frames besides those of raw_websocket.hpp: opcodes without FIN, and continuations.
inline constexpr std::uint8_t kTextBegins = 0x01;
inline constexpr std::uint8_t kBinaryBegins = 0x02;
inline constexpr std::uint8_t kGoesOn = 0x00;
inline constexpr std::uint8_t kEnds = 0x80;

/// One that the server refuses: it closes with this code.
[[nodiscard]] inline Case refused(std::string number, std::string what, unsigned code, std::vector<std::string> sent,
                                  std::vector<RawFrame> back = {}) {
  return {std::move(number), std::move(what), std::move(sent), std::move(back), code, true, 0};
}

/// `one` with the writes cut into single bytes.
[[nodiscard]] inline Case bytewise(std::string number, Case one) {
  one.number = std::move(number);
  one.what += ", byte by byte";
  one.chops = 1;
  return one;
}

/// `one` with all its frames in one write.
[[nodiscard]] inline Case at_once(std::string number, Case one) {
  one.number = std::move(number);
  one.what += ", in one write";
  std::string all;
  for (const std::string& frame : one.sent) all += frame;
  one.sent = {std::move(all)};
  return one;
}

/// The bytes of `payload` as the fragments of one text, a byte each.
[[nodiscard]] std::vector<std::string> text_in_bytes(std::string_view payload);

/// The payload of a close frame.
[[nodiscard]] inline std::string close_payload(unsigned code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code)}.append(reason);
}

}  // namespace signalbox::test
