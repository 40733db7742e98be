// Many channels in one process, and a server that is killed under them.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/booked_broker.hpp"
#include "tests/support/footprint.hpp"
#include "tests/support/kafka_server.hpp"
#include "tests/unit/brokers/kafka/kafka_instance.hpp"

namespace signalbox::test {
namespace {

class Stopwatch {
 public:
  [[nodiscard]] std::string milliseconds() const {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_).count()) + " ms";
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begun_ = Clock::now();
};

TEST(KafkaScale, HoldsAHundredThousandChannelsWithAsManyThreadsAsOne) {
  constexpr std::size_t kChannels = 100'000;
  constexpr std::size_t kThreads = 12;
  KafkaServer server;
  const std::vector<std::string> channels = numbered_channels(kChannels);
  const Footprint without = Footprint::of(getpid());
  KafkaInstance instance(server.bootstrap_servers(), "test-1", {}, 60s);
  ASSERT_TRUE(instance.host.wait_state(State::ready)) << instance.host.snapshot().reason;
  ASSERT_TRUE(wait(subscribe(*instance, "first")).ok());
  const Footprint empty = Footprint::of(getpid());
  EXPECT_LE(empty.threads, without.threads + kThreads);
  const Stopwatch subscribing;
  EXPECT_EQ(instance.subscribe_all(channels), kChannels);
  const std::string subscribed = subscribing.milliseconds();
  const Footprint held = Footprint::of(getpid());
  EXPECT_EQ(held.threads, empty.threads) << "a thread more with more channels";
  const std::size_t bytes = (held.anonymous_bytes - empty.anonymous_bytes) / kChannels;
  if (!kSanitized) {
    EXPECT_LT(bytes, 1000U);
  }

  const std::size_t states = instance.host.snapshot().states.size();
  server.kill();
  ASSERT_TRUE(instance.host.wait([&](const auto& seen) { return seen.states.size() > states; }));
  server.restart();
  const Stopwatch recovering;
  ASSERT_TRUE(instance.host.wait_state(State::ready, 30s)) << instance.host.snapshot().reason;
  std::cout << kChannels << " channels: confirmed after " << subscribed << ", " << bytes << " B each, ready "
            << recovering.milliseconds() << " after the restart, " << held.threads - without.threads << " threads\n";
  EXPECT_TRUE(instance.host.snapshot().gaps.empty()) << "nothing was lost: the log is there";
  EXPECT_TRUE(wait(exists(*instance, "user99999")).exists);
}

TEST(KafkaScale, LosesNothingOfTenThousandChannelsWhenTheServerIsKilledAndComesBack) {
  KafkaServer server;
  BrokerUnderLoad load([&] { return std::make_unique<KafkaBroker>(kafka_settings(server.bootstrap_servers())); }, 10'000, 5000);
  ASSERT_TRUE(load.wait_delivered(500, 20s)) << load.reasons();
  load.fault();
  server.kill();
  server.restart();
  ASSERT_TRUE(load.wait_recovered(40s)) << load.reasons();
  EXPECT_EQ(load.lies(), std::vector<std::string>());
  EXPECT_EQ(load.ledger().lost(), 0U);
  EXPECT_EQ(load.holder().gaps(), 0U);
  std::cout << "10,000 channels, the server killed and started again: " << load.figures() << '\n';
}

}  // namespace
}  // namespace signalbox::test
