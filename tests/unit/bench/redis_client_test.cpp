#include "bench/redis_client.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bench/servers.hpp"

namespace signalbox::bench {
namespace {

TEST(RedisClient, CountsNobodyWhereNobodyListens) {
  const ScratchDirectory scratch;
  const RedisServer redis(scratch, "");
  RedisClient client(redis.url());
  std::vector<std::string> channels;
  for (int i = 0; i < 5000; ++i) channels.push_back("channel " + std::to_string(i));
  EXPECT_EQ(client.subscribed(channels), 0u);
  EXPECT_EQ(client.channel_count(), 0u);
  EXPECT_EQ(client.publish(channels, 3, std::string(128, 'm')), 0u);
  EXPECT_EQ(client.subscribed(channels), 0u) << "the replies are read to the end";
}

TEST(RedisClient, RefusesAUrlItCannotRead) {
  for (const char* url :
       {"", "redis://", "redis://localhost", "redis://127.0.0.1:", "http://127.0.0.1:6379", "redis://host:6379"}) {
    EXPECT_THROW(RedisClient client(url), std::runtime_error) << url;
  }
}

TEST(RedisServer, LeavesARunningOneAlone) {
  const ScratchDirectory scratch;
  const RedisServer mine(scratch, "");
  {
    const RedisServer borrowed(scratch, mine.url());
  }
  const std::vector<std::string> none{"x"};
  EXPECT_EQ(RedisClient(mine.url()).subscribed(none), 0u);
}

}  // namespace
}  // namespace signalbox::bench
