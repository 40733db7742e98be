// What a decoder says of a stream of bytes, however the stream is cut.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "websocket/decoder.hpp"

namespace signalbox::websocket::test {

/// An event that outlives the decoder's buffers. An error's payload, words for people, is left out.
struct Seen {
  Event::Kind kind;
  CloseCode code = CloseCode::no_status;
  std::string payload;
  bool compressed = false;

  bool operator==(const Seen&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << (seen.compressed ? "{compressed, kind " : "{kind ") << static_cast<int>(seen.kind) << ", code "
             << static_cast<int>(seen.code) << ", " << seen.payload.size() << " bytes: " << seen.payload.substr(0, 40) << '}';
}

/// Feeds `piece` until the decoder wants more, or an error ends it.
inline void feed(Decoder& decoder, std::string piece, const DecoderLimits& limits, std::vector<Seen>& seen) {
  std::span<char> input(piece);
  for (;;) {
    const Event event = decoder.next(input, limits);
    if (event.kind == Event::Kind::need_more) return;
    const bool failed = event.kind == Event::Kind::error;
    if (failed && !seen.empty() && seen.back().kind == Event::Kind::error) return;
    seen.push_back({event.kind, event.code, failed ? std::string() : std::string(event.payload), event.compressed});
    if (failed) return;
  }
}

/// All that is seen of `wire` when it arrives in pieces of the sizes that `next_size` gives.
inline std::vector<Seen> transcript(std::string_view wire, Role role, const DecoderLimits& limits,
                                    const std::function<std::size_t()>& next_size, Extension extension = Extension::none) {
  Decoder decoder(role, extension);
  std::vector<Seen> seen;
  while (!wire.empty()) {
    const std::string_view piece = wire.substr(0, next_size());
    feed(decoder, std::string(piece), limits, seen);
    wire.remove_prefix(piece.size());
  }
  return seen;
}

/// A way to cut a stream, with a name for the test's output.
struct Chunking {
  std::string name;
  std::function<std::size_t()> next_size;
};

inline std::vector<Chunking> chunkings() {
  std::vector<Chunking> all{{"all at once", [] { return std::string::npos; }}, {"byte by byte", [] { return std::size_t{1}; }}};
  for (std::uint32_t seed = 1; seed <= 6; ++seed) {
    all.push_back({"random, seed " + std::to_string(seed), [random = std::mt19937(seed), seed]() mutable {
                     return std::uniform_int_distribution<std::size_t>(1, seed * 7)(random);
                   }});
  }
  return all;
}

}  // namespace signalbox::websocket::test
