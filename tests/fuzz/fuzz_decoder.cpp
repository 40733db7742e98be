// The decoder must say the same of a stream however it is cut, and must never touch what is not its own (run with sanitizers).
// Input: one byte for role, limits and extension, four for the cuts, then the stream.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.hpp"
#include "websocket/decoder.hpp"
#include "websocket/utf8.hpp"

namespace signalbox::fuzz {
namespace {

using websocket::CloseCode;
using websocket::Decoder;
using websocket::DecoderLimits;
using websocket::Event;
using websocket::Extension;
using websocket::Role;

struct Seen {
  Event::Kind kind;
  CloseCode code;
  std::string payload;
  bool compressed;
  bool operator==(const Seen&) const = default;
};

// False once the decoder reads no further.
bool feed(Decoder& decoder, std::string_view bytes, const DecoderLimits& limits, std::vector<Seen>& seen) {
  Exact piece(bytes);
  std::span<char> input(piece.data(), bytes.size());
  for (;;) {
    const Event event = decoder.next(input, limits);
    if (event.kind == Event::Kind::need_more) {
      require(input.empty(), "need_more leaves no input");
      return true;
    }
    if (event.kind == Event::Kind::text && !event.compressed) {
      require(websocket::is_valid_utf8(event.payload), "text is UTF-8");
    }
    require(event.kind == Event::Kind::error || event.payload.size() <= std::max<std::size_t>(limits.message_bytes, 125),
            "a message keeps the limit");
    seen.push_back({event.kind, event.code, std::string(event.payload), event.compressed});
    if (event.kind == Event::Kind::error) return false;
  }
}

void run(const Input& input) {
  const Role role = (input.flags & 1) != 0 ? Role::client : Role::server;
  const DecoderLimits limits{.message_bytes = (input.flags & 2) != 0 ? 64u : 64u * 1024u,
                             .fragments = (input.flags & 4) != 0 ? 3u : 1024u};
  const Extension extension = (input.flags & 8) != 0 ? Extension::permessage_deflate : Extension::none;
  std::vector<Seen> whole;
  Decoder at_once(role, extension);
  feed(at_once, input.stream, limits, whole);

  std::vector<Seen> pieces;
  Decoder piecewise(role, extension);
  for (Cuts cuts(input.stream, input.seed); !cuts.done();) {
    if (!feed(piecewise, cuts.next(), limits, pieces)) break;
  }
  require(whole == pieces, "the verdict does not depend on the cuts");
  require(at_once.idle() == piecewise.idle(), "idle does not depend on the cuts");
}

}  // namespace
}  // namespace signalbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  signalbox::fuzz::run({data, size});
  return 0;
}
