// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstdint>
#include <string_view>

namespace signalbox::websocket {

/// Checks text that arrives in pieces, cut anywhere. Refuses at the first byte that no continuation could make good.
class Utf8Validator {
 public:
  /// False at the first bad byte; after that the validator is of no further use.
  bool push(std::string_view piece) noexcept;

  /// True if the text so far ends at a character's border.
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }

 private:
  bool push_byte(std::uint8_t byte) noexcept;
  bool begin_character(std::uint8_t lead) noexcept;

  std::uint8_t missing_ = 0;  // continuation bytes until the character is whole
  std::uint8_t lowest_ = 0;   // what the next continuation byte may be
  std::uint8_t highest_ = 0;
};

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace signalbox::websocket
