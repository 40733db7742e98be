#include "brokers/redis/hash_tags.hpp"

#include <array>
#include <cstring>

namespace signalbox::redis {
namespace {

constexpr std::array<std::uint16_t, 256> kCrcTable = [] {
  std::array<std::uint16_t, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    unsigned value = byte << 8;
    for (int bit = 0; bit < 8; ++bit) value = (value & 0x8000) != 0 ? (value << 1) ^ 0x1021 : value << 1;
    table[byte] = static_cast<std::uint16_t>(value);
  }
  return table;
}();

struct Tag {
  std::string text;
  std::uint16_t slot = 0;
};

/// Of each group the smallest decimal number whose slot lies in it.
std::array<Tag, HashTags::kGroups> make_tags() {
  std::array<Tag, HashTags::kGroups> tags;
  std::size_t missing = tags.size();
  for (unsigned number = 0; missing > 0; ++number) {
    std::string text = std::to_string(number);
    const auto slot = static_cast<std::uint16_t>(crc16(text) % kSlots);
    Tag& tag = tags[slot / HashTags::kSlotsEach];
    if (!tag.text.empty()) continue;
    tag = {std::move(text), slot};
    --missing;
  }
  return tags;
}

const Tag& tag_of(std::size_t group) {
  static const std::array<Tag, HashTags::kGroups> tags = make_tags();
  return tags[group];
}

}  // namespace

std::uint16_t crc16(std::string_view bytes) noexcept {
  unsigned value = 0;
  for (const char c : bytes) value = ((value << 8) & 0xffff) ^ kCrcTable[(value >> 8) ^ static_cast<unsigned char>(c)];
  return static_cast<std::uint16_t>(value);
}

std::uint16_t slot_of(std::string_view name) noexcept {
  const std::size_t open = name.find('{');
  const std::size_t close = open == std::string_view::npos ? open : name.find('}', open + 1);
  if (close != std::string_view::npos && close > open + 1) name = name.substr(open + 1, close - open - 1);
  return static_cast<std::uint16_t>(crc16(name) % kSlots);
}

std::uint16_t HashTags::slot(std::size_t group) noexcept { return tag_of(group).slot; }

void HashTags::tagged(std::string_view channel, std::string& out) const {
  const std::string& tag = tag_of(crc16(channel) % kSlots / kSlotsEach).text;
  const std::size_t before = channel.starts_with(prefix_) ? prefix_.size() : 0;
  out.assign(channel.substr(0, before)).append("{").append(tag).append("}").append(channel.substr(before));
}

std::string_view HashTags::plain(char* tagged, std::size_t size) const noexcept {
  const std::string_view name(tagged, size);
  const std::size_t open = name.starts_with(prefix_) ? prefix_.size() : 0;
  const std::size_t close = name.find('}', open);
  if (open == size || name[open] != '{' || close == std::string_view::npos) return name;
  const std::size_t tag = close + 1 - open;
  std::memmove(tagged + tag, tagged, open);
  return name.substr(tag);
}

std::string HashTags::reserved(std::size_t group, std::string_view name) const {
  return prefix_ + "{" + tag_of(group).text + "}\x02" + std::string(name);
}

}  // namespace signalbox::redis
