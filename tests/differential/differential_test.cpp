// Two codecs that know nothing of each other read the same random streams, legal and illegal, in pieces of random sizes, and
// have to say the same: the messages, pings and pongs, and the end, close or error with its code. Where they may differ stands
// here.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/differential/beast_reader.hpp"
#include "tests/differential/frame_stream.hpp"
#include "websocket/utf8.hpp"

namespace signalbox::websocket::test {
namespace {

using Kind = Event::Kind;

/// What both have said of one stream.
struct Verdicts {
  const FrameStream& stream;
  std::vector<Seen> ours;
  std::vector<Seen> theirs;

  [[nodiscard]] bool ours_ends(Kind kind, unsigned code) const {
    return !ours.empty() && ours.back().kind == kind && ours.back().code == static_cast<CloseCode>(code);
  }
  [[nodiscard]] bool theirs_ends(unsigned code) const {
    return !theirs.empty() && theirs.back().kind == Kind::error && theirs.back().code == static_cast<CloseCode>(code);
  }
  /// What we saw before our last event, they saw too.
  [[nodiscard]] bool agree_before_our_end() const {
    return theirs.size() + 1 >= ours.size() && std::equal(ours.begin(), ours.end() - 1, theirs.begin());
  }
  /// They differ in the last event only.
  [[nodiscard]] bool agree_but_at_the_end() const { return ours.size() == theirs.size() && agree_before_our_end(); }
};

/// A way in which Boost.Beast 1.81 and this decoder differ, and why ours stays as it is.
struct Difference {
  const char* reason;
  bool (*explains)(const Verdicts&);
};

/// Beast has said nothing of what it has read last.
bool beast_waits(const Verdicts& v) {
  return v.theirs.empty() || (v.theirs.back().kind != Kind::error && v.theirs.back().kind != Kind::close);
}

std::vector<Seen> beast_on_padded(const FrameStream& stream) {
  return beast_transcript(stream.wire + std::string(256, '\0'), stream.message_bytes, [] { return std::string::npos; });
}

constexpr std::array kDifferences{
    Difference{
        "Beast judges a frame when its header is whole (a control frame: when it is whole), we at the byte that breaks a "
        "rule: a stream that ends between the two is refused by us and waited for by Beast",
        [](const Verdicts& v) {
          return beast_waits(v) && v.ours_ends(Kind::error, 1002) && beast_on_padded(v.stream) == v.ours;
        }},
    Difference{"Beast has no limit on the fragments of a message",
               [](const Verdicts& v) { return v.ours_ends(Kind::error, 1008) && v.agree_before_our_end(); }},
    Difference{
        "IANA has assigned close code 1014; Beast takes it for reserved until 1.86 (boostorg/beast d8316541)",
        [](const Verdicts& v) { return v.ours_ends(Kind::close, 1014) && v.theirs_ends(1002) && v.agree_but_at_the_end(); }},
    Difference{"a close code from 5000 on is outside of every range of RFC 6455 section 7.4.2; Beast takes it",
               [](const Verdicts& v) {
                 return v.ours_ends(Kind::error, 1002) && v.agree_but_at_the_end() && v.theirs.back().kind == Kind::close &&
                        static_cast<unsigned>(v.theirs.back().code) >= 5000;
               }},
    Difference{"Beast does not look whether a text ends inside a character if its last fragment is empty",
               [](const Verdicts& v) {
                 if (!v.ours_ends(Kind::error, 1007) || !v.agree_before_our_end() || v.theirs.size() < v.ours.size())
                   return false;
                 const Seen& instead = v.theirs[v.ours.size() - 1];
                 return instead.kind == Kind::text && !is_valid_utf8(instead.payload);
               }},
    Difference{
        "a close reason that is not UTF-8 is 1007 for us (RFC 6455 section 8.1), 1002 for Beast",
        [](const Verdicts& v) { return v.ours_ends(Kind::error, 1007) && v.theirs_ends(1002) && v.agree_but_at_the_end(); }},
    Difference{
        "a length of 2^63 and more breaks RFC 6455 section 5.2; for Beast 1.81 it is only too big (boostorg/beast ee17b92c)",
        [](const Verdicts& v) { return v.ours_ends(Kind::error, 1002) && v.theirs_ends(1009) && v.agree_but_at_the_end(); }},
};

/// The index of the difference that explains it, or -1.
int explanation(Verdicts verdicts) {
  const auto explains = [&](const Difference& difference) { return difference.explains(verdicts); };
  auto found = std::find_if(kDifferences.begin(), kDifferences.end(), explains);
  if (found == kDifferences.end() && beast_waits(verdicts)) {  // two at once: the first, and another behind it
    verdicts.theirs = beast_on_padded(verdicts.stream);
    found = std::find_if(kDifferences.begin(), kDifferences.end(), explains);
  }
  return found == kDifferences.end() ? -1 : static_cast<int>(found - kDifferences.begin());
}

std::string printed(const std::vector<Seen>& seen) {
  std::string out;
  for (const Seen& one : seen) out += "\n  " + testing::PrintToString(one);
  return out;
}

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char byte : bytes.substr(0, 400)) {
    const auto value = static_cast<unsigned char>(byte);
    out += {kDigits[value >> 4], kDigits[value & 15]};
  }
  return out;
}

unsigned streams() {
  const char* wanted = std::getenv("SIGNALBOX_STREAMS");
  return wanted != nullptr ? static_cast<unsigned>(std::strtoul(wanted, nullptr, 10)) : 10'000;
}

std::function<std::size_t()> random_pieces(std::uint32_t seed) {
  return [random = std::mt19937(seed), most = std::size_t{1} << seed % 8]() mutable {
    return std::uniform_int_distribution<std::size_t>(1, most * 3)(random);
  };
}

TEST(Decoder, SaysWhatBoostBeastSaysOfRandomStreams) {
  std::array<int, kDifferences.size()> explained{};
  int unexplained = 0;
  for (std::uint32_t seed = 1; seed <= streams() && unexplained < 5; ++seed) {
    const FrameStream stream = random_stream(seed);
    const DecoderLimits limits{stream.message_bytes, kStreamFragments};
    const Verdicts verdicts{stream, transcript(stream.wire, Role::server, limits, random_pieces(seed)),
                            beast_transcript(stream.wire, stream.message_bytes, random_pieces(seed + 7))};
    if (verdicts.ours == verdicts.theirs) continue;
    const int index = explanation(verdicts);
    if (index >= 0) {
      ++explained.at(static_cast<std::size_t>(index));
      continue;
    }
    ++unexplained;
    ADD_FAILURE() << "seed " << seed << ", limit " << stream.message_bytes << ", " << stream.wire.size()
                  << " bytes: " << hex(stream.wire) << "\nours:" << printed(verdicts.ours)
                  << "\nBeast:" << printed(verdicts.theirs);
  }
  for (std::size_t i = 0; i < kDifferences.size(); ++i) {
    EXPECT_GT(explained[i], 0) << "no longer seen, strike it: " << kDifferences[i].reason;
  }
}

/// What the comparison is worth: that the streams reach every verdict, and often get far.
TEST(RandomStreams, ReachEveryVerdict) {
  std::map<std::pair<Kind, unsigned>, int> ends;
  std::size_t events = 0;
  constexpr std::uint32_t kStreams = 5'000;
  for (std::uint32_t seed = 1; seed <= kStreams; ++seed) {
    const FrameStream stream = random_stream(seed);
    const std::vector<Seen> seen =
        transcript(stream.wire, Role::server, {stream.message_bytes, kStreamFragments}, [] { return std::string::npos; });
    events += seen.size();
    if (!seen.empty()) ++ends[{seen.back().kind, static_cast<unsigned>(seen.back().code)}];
  }
  EXPECT_GT(events, 3 * kStreams);
  for (const unsigned code : {1002u, 1007u, 1008u, 1009u}) EXPECT_GT((ends[{Kind::error, code}]), 20) << code;
  for (const unsigned code : {1000u, 1005u}) EXPECT_GT((ends[{Kind::close, code}]), 50) << code;
  for (const Kind kind : {Kind::text, Kind::binary, Kind::ping, Kind::pong}) EXPECT_GT((ends[{kind, 1005}]), 10);
}

}  // namespace
}  // namespace signalbox::websocket::test
