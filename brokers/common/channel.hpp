// What a channel may be.
#pragma once

#include <cstddef>
#include <string_view>

#include "signalbox/broker.hpp"

namespace signalbox::brokers {

inline constexpr std::size_t kChannelBytes = 768;  // broker.hpp

/// invalid_argument for what no broker takes.
[[nodiscard]] inline Status check_channel(std::string_view channel) noexcept {
  if (!channel.empty() && channel.size() <= kChannelBytes) return {};
  return {errc::invalid_argument, "a channel has 1 to 768 bytes"};
}

}  // namespace signalbox::brokers
