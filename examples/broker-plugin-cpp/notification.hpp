// The text of a notification, and the message in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgbroker {

/// Puts messages together from "ID PART PARTS BASE64", as signalbox.publish() of schema.sql takes them apart: a 16-bit length,
/// the channel, the payload. The parts of a message come one behind the other.
class Assembler {
 public:
  enum class Outcome { incomplete, complete, malformed };

  /// complete: channel() and payload() are the message's, until the next call. malformed: what was begun is forgotten.
  Outcome feed(std::string_view text);
  [[nodiscard]] std::string_view channel() const noexcept { return channel_; }
  [[nodiscard]] std::string_view payload() const noexcept { return payload_; }

 private:
  Outcome fail();

  std::string bytes_;
  std::uint64_t id_ = 0;
  std::uint64_t next_part_ = 1;
  std::string_view channel_;
  std::string_view payload_;
};

}  // namespace pgbroker
