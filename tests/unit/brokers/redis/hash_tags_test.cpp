#include "brokers/redis/hash_tags.hpp"

#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace signalbox::redis {
namespace {

std::string tagged(const HashTags& tags, std::string_view channel) {
  std::string name;
  tags.tagged(channel, name);
  return name;
}

std::string back(const HashTags& tags, std::string name) { return std::string(tags.plain(name.data(), name.size())); }

/// The check value of CRC-16/XMODEM; slots as CLUSTER KEYSLOT of Redis 7.0.15 gives them.
TEST(HashTags, HashAsTheClusterDoes) {
  EXPECT_EQ(crc16("123456789"), 0x31c3);
  EXPECT_EQ(crc16(""), 0);
  EXPECT_EQ(slot_of("123456789"), 12739);
  EXPECT_EQ(slot_of("a"), 15495);
  EXPECT_EQ(slot_of("{0}x"), 13907);
  EXPECT_EQ(slot_of("b{1}x{0}"), 9842);
  EXPECT_EQ(slot_of("{}b"), crc16("{}b") % kSlots);
  EXPECT_EQ(slot_of("b{"), crc16("b{") % kSlots);
  EXPECT_EQ(slot_of("b}{0}"), 13907);
  EXPECT_EQ(slot_of("{{0}}"), crc16("{0") % kSlots);
  EXPECT_EQ(slot_of("\xff\x80"), crc16("\xff\x80") % kSlots);
}

TEST(HashTags, HaveASlotInEachGroup) {
  for (std::size_t group = 0; group < HashTags::kGroups; ++group) {
    EXPECT_EQ(HashTags::slot(group) / HashTags::kSlotsEach, group);
    EXPECT_EQ(slot_of(HashTags("").reserved(group, "x")), HashTags::slot(group));
    EXPECT_EQ(HashTags::group(HashTags("p:").reserved(group, "{x}")), group);
  }
}

/// Part of what instances agree on, of any version.
TEST(HashTags, NeverChange) {
  const HashTags tags("ws:");
  EXPECT_EQ(tagged(tags, "ws:alice"), "ws:{278}alice");
  EXPECT_EQ(tagged(tags, "ws:"), "ws:{253}");
  EXPECT_EQ(tagged(tags, "other"), "{52}other");
  EXPECT_EQ(tags.reserved(511, "i:1"), std::string("ws:{430}\x02") + "i:1");
}

TEST(HashTags, AreTakenOffAgain) {
  for (const char* prefix : {"", "ws:", "}", "1}"}) {
    const HashTags tags(prefix);
    for (const std::string& rest : {std::string("alice"), std::string(), std::string("{5}x"), std::string("}"),
                                    std::string("\0{\xff", 3), std::string(700, 'x')}) {
      const std::string channel = prefix + rest;
      const std::string name = tagged(tags, channel);
      EXPECT_EQ(back(tags, name), channel);
      EXPECT_EQ(HashTags::group(name), crc16(channel) % kSlots / HashTags::kSlotsEach);
    }
    EXPECT_EQ(back(tags, tagged(tags, "quite other")), "quite other");
  }
}

TEST(HashTags, LeaveNamesAloneThatHaveNone) {
  for (const std::string name : {"", "ws:", "ws:{", "ws:{5", "ws:x{5}", "x{5}", "{5", "w"})
    EXPECT_EQ(back(HashTags("ws:"), name), name);
}

TEST(HashTags, KeepNamesApartThatLookAlike) {
  const HashTags tags("p");
  std::set<std::string> names;
  const std::string some[] = {"", "p", "p{0}", "{0}p", "0}p", "{0}", "p{0}{0}", "pp", "p0", "p}", "{p"};
  for (const std::string& channel : some) names.insert(tagged(tags, channel));
  EXPECT_EQ(names.size(), std::size(some));
}

TEST(HashTags, SpreadChannelsEvenly) {
  const HashTags tags("");
  std::map<std::size_t, int> count;
  for (int i = 0; i < 100'000; ++i) ++count[HashTags::group(tagged(tags, "user" + std::to_string(i)))];
  EXPECT_EQ(count.size(), HashTags::kGroups);
  for (const auto& [group, channels] : count) EXPECT_NEAR(channels, 100'000 / 512, 100) << group;
}

}  // namespace
}  // namespace signalbox::redis
