#include "brokers/common/channel_table.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace signalbox::brokers {
namespace {

std::multiset<std::string> scan(ChannelTable& table) {
  std::multiset<std::string> seen;
  while (!table.scanned()) table.scan_bucket([&](Channel& channel) { seen.insert(channel.first); });
  return seen;
}

TEST(ChannelTable, CountsWhatIsWantedAsRecoveringOnANewLink) {
  ChannelTable table;
  Channel& a = table.get("a");
  table.set_want(a, true);
  a.second.have = Have::subscribed;
  a.second.queued = true;
  EXPECT_EQ(table.recovering(), 0U);
  table.new_link();
  EXPECT_EQ(table.recovering(), 1U);
  Channel* found = table.find("a");
  ASSERT_EQ(found, &a);
  EXPECT_EQ(a.second.have, Have::nothing);
  EXPECT_FALSE(a.second.queued);
  EXPECT_TRUE(a.second.want && a.second.recovering);
  table.set_recovering(a, false);
  EXPECT_EQ(table.recovering(), 0U);
}

TEST(ChannelTable, ForgetsTheRecoveryOfWhatIsNotWantedAnyMore) {
  ChannelTable table;
  table.set_want(table.get("a"), true);
  table.set_want(table.get("b"), true);
  table.new_link();
  table.set_want(*table.find("a"), false);
  EXPECT_EQ(table.recovering(), 1U);
  table.erase(*table.find("a"));
  EXPECT_EQ(table.find("a"), nullptr);
  table.new_link();
  table.new_link();
  EXPECT_EQ(table.recovering(), 1U);
}

TEST(ChannelTable, ScansEachChannelOnceThoughOthersAreErased) {
  ChannelTable table;
  for (int i = 0; i < 1000; ++i) table.set_want(table.get(std::to_string(i)), true);
  EXPECT_EQ(scan(table).size(), 1000U);
  table.rewind();
  std::set<std::string> seen;
  for (int i = 0; !table.scanned(); ++i) {
    table.scan_bucket([&](Channel& channel) { EXPECT_TRUE(seen.insert(channel.first).second); });
    if (Channel* channel = table.find(std::to_string(i))) {
      seen.insert(channel->first);
      table.set_want(*channel, false);
      table.erase(*channel);
    }
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(ChannelTable, MissesNoneThoughTheTableGrowsUnderAScan) {
  ChannelTable table;
  for (int i = 0; i < 100; ++i) table.set_want(table.get(std::to_string(i)), true);
  table.new_link();
  std::set<std::string> seen;
  for (int i = 100; !table.scanned(); ++i) {
    table.scan_bucket([&](Channel& channel) { seen.insert(channel.first); });
    if (i < 2000) table.set_want(table.get(std::to_string(i)), true);
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen.count(std::to_string(i)), 1U);
}

}  // namespace
}  // namespace signalbox::brokers
