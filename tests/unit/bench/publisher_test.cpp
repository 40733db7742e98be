#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bench/chain.hpp"
#include "bench/redis_publisher.hpp"

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;

TEST(Publisher, StampsWithATimeThatCanBeReadBack) {
  const auto now = Schedule::Clock::now();
  const std::string payload = Publisher::stamp(now) + "and more";
  EXPECT_EQ(Publisher::stamp(now).size(), Publisher::kStampBytes);
  EXPECT_EQ(Publisher::stamped(payload.data(), payload.size()), now);
  EXPECT_EQ(Publisher::stamped("no stamp at all, only words", 27), Schedule::Clock::time_point());
  EXPECT_EQ(Publisher::stamped("12", 2), Schedule::Clock::time_point());
}

class BareChain : public ::testing::Test {
 protected:
  BareChain() { chain_.connect(redis_.url()); }

  const ScratchDirectory scratch_;
  const RedisServer redis_{scratch_, ""};
  Chain chain_ = Chain::of_bare_parts({.users = 50, .instances = 3}, redis_.url());
};

TEST_F(BareChain, CarriesEachMessageToItsReceiver) {
  RedisPublisher publisher(redis_.url(), chain_.channels(), 128);
  publisher.saturate(10'000, 512, [&] { return chain_.messages(); });
  EXPECT_EQ(chain_.messages(), 10'000u);
  EXPECT_EQ(chain_.latencies().count(), 10'000u);
  chain_.forget_latencies();
  EXPECT_EQ(chain_.latencies().count(), 0u);
}

TEST_F(BareChain, FollowsTheSchedule) {
  RedisPublisher publisher(redis_.url(), chain_.channels(), 128);
  const auto start = Schedule::Clock::now();
  publisher.follow(Schedule(start, 2000), 400);
  EXPECT_GE(Schedule::Clock::now() - start, 199ms) << "the last of 400 is due after 399 half milliseconds";
}

TEST_F(BareChain, IsNotPublishedToWhereNobodyListens) {
  std::vector<std::string> channels = chain_.channels();
  channels[7] = "nobody";
  RedisPublisher publisher(redis_.url(), channels, 128);
  EXPECT_THROW(publisher.saturate(100, 100, [&] { return chain_.messages(); }), std::runtime_error);
}

}  // namespace
}  // namespace signalbox::bench
