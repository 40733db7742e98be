// What a message of the load test carries: when it was meant to go out, to whom, and which one it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bench/schedule.hpp"

namespace signalbox::bench {

struct LoadMessage {
  /// Four numbers in hexadecimal of fixed width, so that each message of a size costs the same.
  static constexpr std::size_t kLeastBytes = 48;

  Schedule::Clock::time_point intended;  ///< the monotonic clock is one for all processes of a machine
  std::uint64_t number = 0;              ///< among all of the plan
  std::uint32_t user = 0;
  std::uint32_t sequence = 0;  ///< among the user's, from 0

  /// Appends it, in ASCII, filled up to `bytes` ≥ kLeastBytes.
  void append_to(std::string& out, std::size_t bytes) const;
  /// Nothing if `payload` is none of ours.
  static std::optional<LoadMessage> read(std::string_view payload);
};

}  // namespace signalbox::bench
