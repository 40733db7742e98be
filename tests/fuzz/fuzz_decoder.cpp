// The decoder must say the same of a stream however it is cut, and must never touch what is not its own (run with sanitizers).
// Input: one byte for role and limits, four for the cuts, then the stream.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "websocket/decoder.hpp"
#include "websocket/utf8.hpp"

namespace {

using signalbox::websocket::CloseCode;
using signalbox::websocket::Decoder;
using signalbox::websocket::DecoderLimits;
using signalbox::websocket::Event;
using signalbox::websocket::Role;

constexpr std::size_t kParameters = 5;

struct Seen {
  Event::Kind kind;
  CloseCode code;
  std::string payload;
  bool operator==(const Seen&) const = default;
};

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "broken: " << what << '\n';
  std::abort();
}

// False once the decoder reads no further.
bool feed(Decoder& decoder, const char* data, std::size_t size, const DecoderLimits& limits, std::vector<Seen>& seen) {
  // An allocation of exactly the piece's size lets the sanitizer see a read past its end.
  const std::unique_ptr<char[]> piece(new char[size]);
  std::copy_n(data, size, piece.get());
  std::span<char> input(piece.get(), size);
  for (;;) {
    const Event event = decoder.next(input, limits);
    if (event.kind == Event::Kind::need_more) {
      require(input.empty(), "need_more leaves no input");
      return true;
    }
    if (event.kind == Event::Kind::text) {
      require(signalbox::websocket::is_valid_utf8(event.payload), "text is UTF-8");
    }
    require(event.kind == Event::Kind::error || event.payload.size() <= std::max<std::size_t>(limits.message_bytes, 125),
            "a message keeps the limit");
    seen.push_back({event.kind, event.code, std::string(event.payload)});
    if (event.kind == Event::Kind::error) return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kParameters) return 0;
  const Role role = (data[0] & 1) != 0 ? Role::client : Role::server;
  const DecoderLimits limits{.message_bytes = (data[0] & 2) != 0 ? 64u : 64u * 1024u,
                             .fragments = (data[0] & 4) != 0 ? 3u : 1024u};
  std::uint32_t seed;
  std::memcpy(&seed, data + 1, sizeof seed);
  const char* stream = reinterpret_cast<const char*>(data) + kParameters;
  const std::size_t length = size - kParameters;

  std::vector<Seen> whole;
  Decoder at_once(role);
  feed(at_once, stream, length, limits, whole);

  std::vector<Seen> pieces;
  Decoder piecewise(role);
  std::minstd_rand random(seed);
  for (std::size_t at = 0; at < length;) {
    const std::size_t piece = std::min<std::size_t>(1 + random() % (1 + seed % 64), length - at);
    if (!feed(piecewise, stream + at, piece, limits, pieces)) break;
    at += piece;
  }
  require(whole == pieces, "the verdict does not depend on the cuts");
  require(at_once.idle() == piecewise.idle(), "idle does not depend on the cuts");
  return 0;
}
