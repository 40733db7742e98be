#include "tests/differential/frame_stream.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "websocket/frame.hpp"

namespace signalbox::websocket::test {
namespace {

constexpr std::size_t kSmallLimit = 300;
constexpr std::size_t kLargeLimit = 66'000;  // room for a legal length of 64 bits

/// A frame as it is written, whether it keeps the rules or not.
struct WireFrame {
  bool fin = true;
  unsigned reserved = 0;  ///< RSV1 to RSV3
  unsigned opcode = 1;
  bool masked = true;
  std::uint32_t mask = 0;
  std::string payload;
  int length_bytes = -1;        ///< 0, 2, 8; -1: as many as it needs
  std::uint64_t announced = 0;  ///< only if `lies`
  bool lies = false;

  void append_to(std::string& wire) const {
    const std::uint64_t length = lies ? announced : payload.size();
    const int bytes = length_bytes >= 0 ? length_bytes : length < 126 ? 0 : length <= 0xFFFF ? 2 : 8;
    const unsigned seven = bytes == 0 ? static_cast<unsigned>(length & 0x7F) : bytes == 2 ? 126 : 127;
    wire += static_cast<char>((fin ? 0x80u : 0u) | reserved << 4 | opcode);
    wire += static_cast<char>((masked ? 0x80u : 0u) | seven);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) wire += static_cast<char>(length >> shift);
    if (!masked) {
      wire += payload;
      return;
    }
    for (int i = 0; i < 4; ++i) wire += static_cast<char>(mask >> 8 * i);
    for (std::size_t i = 0; i < payload.size(); ++i)
      wire += static_cast<char>(payload[i] ^ static_cast<char>(mask >> 8 * (i % 4)));
  }
};

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  FrameStream make() {
    FrameStream stream;
    stream.message_bytes = chance(1) ? kLargeLimit : kSmallLimit;
    limit_ = stream.message_bytes;
    const int messages = below(6) + 1;
    for (int i = 0; i < messages; ++i) add_message();
    if (chance(40)) add_close();
    if (chance(10)) add_message();  // behind the close, if there is one
    for (int spoilt = chance(70) ? below(3) + 1 : 0; spoilt > 0; --spoilt) spoil();
    for (const WireFrame& frame : frames_) frame.append_to(stream.wire);
    spoil_bytes(stream.wire);
    return stream;
  }

 private:
  [[nodiscard]] int below(int end) { return std::uniform_int_distribution(0, end - 1)(random_); }
  [[nodiscard]] bool chance(int percent) { return below(100) < percent; }
  template <class Range>
  [[nodiscard]] auto one_of(const Range& range) {
    return *std::next(std::begin(range), below(static_cast<int>(std::size(range))));
  }

  void add(bool fin, unsigned opcode, std::string payload) {
    WireFrame frame;
    frame.fin = fin;
    frame.opcode = opcode;
    frame.mask = chance(5) ? 0 : static_cast<std::uint32_t>(random_());
    frame.payload = std::move(payload);
    frames_.push_back(std::move(frame));
  }

  /// A message in one to many frames, cut anywhere, with control frames between them.
  void add_message() {
    const bool text = chance(70);
    const std::string payload = text ? make_text(size()) : make_bytes(size());
    const int pieces = chance(50) ? 1 : chance(95) ? 1 + below(5) : 10 + below(6);
    std::vector<std::size_t> cuts{0, payload.size()};
    for (int i = 1; i < pieces; ++i) cuts.push_back(static_cast<std::size_t>(below(static_cast<int>(payload.size()) + 1)));
    std::sort(cuts.begin(), cuts.end());
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      while (chance(15)) add(true, chance(50) ? 9 : 10, make_bytes(static_cast<std::size_t>(chance(10) ? 125 : below(6))));
      add(i + 2 == cuts.size(), i > 0 ? 0 : text ? 1 : 2, payload.substr(cuts[i], cuts[i + 1] - cuts[i]));
    }
  }

  void add_close() {
    constexpr std::array<unsigned, 20> kCodes{1000, 1001, 1003, 1007, 1011, 1013, 1014, 3000, 4999, 4008,
                                              0,    999,  1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
    std::string payload;
    if (chance(80)) {
      const unsigned code = chance(50) ? 1000 : one_of(kCodes);
      payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
      if (chance(50)) payload += chance(80) ? make_text(static_cast<std::size_t>(below(20))) : make_bytes(5);
    } else if (chance(30)) {
      payload = "x";
    }
    add(true, 8, std::move(payload));
  }

  std::size_t size() {
    constexpr std::array<std::size_t, 8> kBorders{0, 1, 7, 8, 124, 125, 126, 127};
    if (limit_ == kLargeLimit && chance(30)) return static_cast<std::size_t>(65'534 + below(4));
    if (chance(3)) return limit_ - 1 + static_cast<std::size_t>(below(4));
    return chance(30) ? one_of(kBorders) : static_cast<std::size_t>(below(chance(80) ? 12 : static_cast<int>(kSmallLimit)));
  }

  std::string make_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    return bytes;
  }

  /// Valid UTF-8 of about this size.
  std::string make_text(std::size_t size) {
    constexpr std::array<std::string_view, 12> kCharacters{
        "\xC2\x80",     "\xC3\xA4",     "\xDF\xBF",     "\xE0\xA0\x80",     "\xE2\x82\xAC",     "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xEF\xBF\xBD", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF0\x9F\x9A\x82", "\xF4\x8F\xBF\xBF"};
    std::string text;
    const bool ascii = chance(30) || size > 1000;
    while (text.size() < size) ascii || chance(30) ? text += static_cast<char>('a' + below(26)) : text += one_of(kCharacters);
    return text;
  }

  void spoil() {
    WireFrame& frame = frames_[static_cast<std::size_t>(below(static_cast<int>(frames_.size())))];
    switch (below(9)) {
      case 0: frame.reserved = static_cast<unsigned>(1 + below(7)); break;
      case 1: frame.opcode = static_cast<unsigned>(below(16)); break;
      case 2: frame.masked = false; break;
      case 3: frame.fin = !frame.fin; break;
      case 4: frame.length_bytes = frame.payload.size() > 0xFFFF || chance(50) ? 8 : 2; break;
      case 5: lie(frame); break;
      case 6: frames_.insert(frames_.begin() + below(static_cast<int>(frames_.size())), frame); break;
      case 7: frames_.erase(frames_.begin() + below(static_cast<int>(frames_.size()))); break;
      default: spoil_text(frame.payload); break;
    }
    if (frames_.empty()) add_close();
  }

  void lie(WireFrame& frame) {
    constexpr std::array<std::uint64_t, 9> kLengths{0xFFFF,
                                                    0x1'0000,
                                                    0xFFFF'FFFF,
                                                    0x1'0000'0000,
                                                    0x7FFF'FFFF'FFFF'FFFF,
                                                    0x8000'0000'0000'0000,
                                                    0xFFFF'FFFF'FFFF'FFFF,
                                                    kSmallLimit + 1,
                                                    kSmallLimit};
    frame.lies = true;
    frame.announced = chance(70) ? one_of(kLengths) : frame.payload.size() + static_cast<std::uint64_t>(below(3)) - 1;
  }

  /// Puts in something that is not UTF-8, anywhere.
  void spoil_text(std::string& text) {
    constexpr std::array<std::string_view, 14> kBad{
        "\x80",         "\xBF",         "\xC0\xAF",         "\xC1\xBF",     "\xC3", "\xE0\x9F\xBF",     "\xE2\x82",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x9A", "\xFE", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"};
    const std::string_view bad = one_of(kBad);
    text.insert(static_cast<std::size_t>(below(static_cast<int>(text.size()) + 1)), bad);
  }

  void spoil_bytes(std::string& wire) {
    if (chance(5)) wire.resize(static_cast<std::size_t>(below(static_cast<int>(wire.size()) + 1)));
    if (chance(5)) wire += make_bytes(static_cast<std::size_t>(below(40)));
    if (chance(5) && !wire.empty()) {
      wire[static_cast<std::size_t>(below(static_cast<int>(wire.size())))] ^= static_cast<char>(1 << below(8));
    }
  }

  std::mt19937 random_;
  std::size_t limit_ = 0;
  std::vector<WireFrame> frames_;
};

}  // namespace

FrameStream random_stream(std::uint32_t seed) { return Generator(seed).make(); }

}  // namespace signalbox::websocket::test
