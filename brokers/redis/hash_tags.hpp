// How channels are called in a Redis Cluster: with a hash tag, so that all of them share a few of its slots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace signalbox::redis {

/// What a cluster shares out among its masters; a slot moves as a whole.
inline constexpr std::size_t kSlots = 16384;

/// CRC-16/XMODEM, with which a cluster hashes names (Redis Cluster specification, "Key distribution model", appendix A).
std::uint16_t crc16(std::string_view bytes) noexcept;

/// The slot of a name: by what stands between its first '{' and the next '}' if that is not empty, else by all of it (as
/// before, "Hash tags").
std::uint16_t slot_of(std::string_view name) noexcept;

/// A cluster takes several channels in one command only if they are of one slot, and has 16,384 of them. So the slots are cut
/// into groups of neighbours; each group has one tag, whose slot lies in it, and each channel the tag of the group that its own
/// hash points to: CHANNEL becomes PREFIX{TAG}REST, where PREFIX + REST is the channel. Slots that are spread evenly over the
/// masters spread the channels evenly.
///
/// What tags there are is part of what instances agree on, of any version: never to be changed.
class HashTags {
 public:
  static constexpr std::size_t kGroups = 512;
  static constexpr std::size_t kSlotsEach = kSlots / kGroups;

  /// prefix: has no '{', which would be taken for the tag's.
  explicit HashTags(std::string prefix) : prefix_(std::move(prefix)) {}

  /// The slot of the group's tag.
  [[nodiscard]] static std::uint16_t slot(std::size_t group) noexcept;
  /// Of a tagged name.
  [[nodiscard]] static std::size_t group(std::string_view tagged) noexcept { return slot_of(tagged) / kSlotsEach; }

  /// Writes the tagged name to `out`. A channel without the prefix has the tag in front.
  void tagged(std::string_view channel, std::string& out) const;
  /// The channel of a tagged name, which is overwritten. One without a tag stays as it is.
  [[nodiscard]] std::string_view plain(char* tagged, std::size_t size) const noexcept;
  /// A name of the group in the part of the name space that the contract leaves to the broker.
  [[nodiscard]] std::string reserved(std::size_t group, std::string_view name) const;

 private:
  std::string prefix_;
};

}  // namespace signalbox::redis
