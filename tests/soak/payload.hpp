#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tests/support/ledger.hpp"

namespace signalbox::test {

/// The message's id and a filling that follows from it, most of them short, some near what a message may have (64 KiB).
inline std::string filled_payload(Ledger::Id message) {
  constexpr std::array<std::size_t, 11> kSizes{16, 128, 128, 1024, 16, 128, 128, 4096, 128, 16, 128};
  const std::size_t size = message % 211 == 0 ? 60'000 : kSizes[message % kSizes.size()];
  return Ledger::payload(message) + ' ' + std::string(size, static_cast<char>('a' + message % 26));
}

/// `payload` came through byte for byte.
inline bool is_filled_payload(std::string_view payload) {
  if (payload.size() < 2 || payload.front() != 'm') return false;
  return payload == filled_payload(std::strtoull(payload.data() + 1, nullptr, 10));
}

}  // namespace signalbox::test
