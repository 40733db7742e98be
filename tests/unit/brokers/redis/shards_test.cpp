#include "brokers/redis/shards.hpp"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signalbox::redis {
namespace {

std::string owner(const Shards& shards, const std::string& channel) {
  return shards.nodes()[shards.owner(shards.group(channel))].text();
}

std::vector<Endpoint> nodes(std::size_t count) {
  std::vector<Endpoint> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back({"redis-" + std::to_string(i), 6379});
  return nodes;
}

TEST(Shards, GivesAChannelItsServerForEver) {
  // Instances of different versions share channels: whoever changes this parts them.
  const Shards shards(nodes(3));
  EXPECT_EQ(owner(shards, "alice"), "redis-0:6379");
  EXPECT_EQ(owner(shards, "bob"), "redis-2:6379");
  EXPECT_EQ(owner(shards, ""), "redis-1:6379");
  EXPECT_EQ(owner(shards, std::string("\0\xff", 2)), "redis-0:6379");
}

TEST(Shards, DoesNotMindTheOrderOfTheList) {
  const Shards one({{"a", 1}, {"b", 2}, {"c", 3}});
  const Shards other({{"c", 3}, {"a", 1}, {"b", 2}});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(owner(one, std::to_string(i)), owner(other, std::to_string(i)));
}

TEST(Shards, SharesChannelsEvenly) {
  constexpr int kChannels = 80'000;
  const Shards shards(nodes(8));
  std::map<std::string, int> counts;
  for (int i = 0; i < kChannels; ++i) ++counts[owner(shards, "user-" + std::to_string(i))];
  ASSERT_EQ(counts.size(), 8U);
  for (const auto& [node, count] : counts) EXPECT_NEAR(count, kChannels / 8, kChannels / 8 / 20) << node;
}

TEST(Shards, MovesOnlyTheChannelsThatANewServerTakes) {
  const Shards before(nodes(4));
  const Shards after(nodes(5));
  int moved = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string channel = "user-" + std::to_string(i);
    if (owner(before, channel) == owner(after, channel)) continue;
    EXPECT_EQ(owner(after, channel), "redis-4:6379");
    ++moved;
  }
  EXPECT_NEAR(moved, 2000, 200);
}

}  // namespace
}  // namespace signalbox::redis
