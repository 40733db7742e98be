// Random streams of a client's frames: legal ones, of which some are spoilt in the ways that the protocol's rules can be
// broken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace signalbox::websocket::test {

struct FrameStream {
  std::string wire;
  std::size_t message_bytes = 0;  ///< the limit it is to be read with: some messages are longer
};

/// Fragments of a message that are still within the limit.
inline constexpr std::uint32_t kStreamFragments = 12;

/// The same for the same seed.
FrameStream random_stream(std::uint32_t seed);

}  // namespace signalbox::websocket::test
