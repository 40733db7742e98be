// Three real servers that know each other, one of which dies under load.
#include "tests/support/nats_cluster.hpp"

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/nats/engine.hpp"
#include "brokers/nats/nats_broker.hpp"
#include "tests/support/booked_broker.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"

namespace signalbox::test {
namespace {

constexpr std::size_t kChannels = 100;
constexpr std::size_t kRate = 5000;

TEST(NatsCluster, IsAnnouncedByItsHint) {
  const NatsCluster cluster(3);
  NatsInstance a({{"url", cluster[0].url()}}, "a");
  NatsInstance b({{"url", cluster[1].url()}}, "b");
  ASSERT_TRUE(a.wait_ready() && b.wait_ready());
  EXPECT_EQ((*a).capabilities().propagation_hint, nats::Engine::kPropagation);
  // Done, plus the hint: known to every server.
  ASSERT_TRUE(wait(subscribe(*a, "alice")).ok());
  EXPECT_TRUE(wait_until([&] { return wait(publish(*b, "alice", "hi")).receivers.count == 1; }, nats::Engine::kPropagation));
  EXPECT_TRUE(wait(exists(*b, "alice")).exists);
  EXPECT_TRUE(a.host.wait_delivered(1));
}

TEST(NatsCluster, IsFollowedUnderLoadWhenTheServerThatEveryInstanceHoldsIsKilled) {
  const NatsCluster cluster(3);
  // Of one server only: of the others it tells them itself.
  BrokerUnderLoad load([&] { return std::make_unique<NatsBroker>(Settings(Values{{"url", cluster[0].url()}})); }, kChannels,
                       kRate);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  load.fault();
  cluster[0].kill();
  ASSERT_TRUE(load.wait_recovered(20s)) << load.reasons();
  EXPECT_EQ(load.lies(), std::vector<std::string>());
  EXPECT_GT(load.holder().gaps(), 0U);
  std::cout << "cluster, the server of both killed: " << load.figures() << '\n';
}

TEST(NatsCluster, IsFollowedUnderLoadWhenTheHoldersServerIsKilledAndThePublisherKeepsItsOwn) {
  const NatsCluster cluster(3);
  std::size_t made = 0;  // the holder is the first
  BrokerUnderLoad load([&] { return std::make_unique<NatsBroker>(Settings(Values{{"url", cluster[made++].url()}})); },
                       kChannels, kRate);
  ASSERT_TRUE(load.wait_delivered(2000, 20s));
  const auto fault = Ledger::Clock::now();
  load.fault();
  cluster[0].kill();
  ASSERT_TRUE(wait_until([&] { return load.both_ready() && load.holder().ready_at() > fault; }, 20s)) << load.reasons();
  ASSERT_TRUE(load.wait_delivered(500, 20s));
  EXPECT_EQ(load.lies(), std::vector<std::string>());
  EXPECT_GT(load.holder().gaps(), 0U);
  std::cout << "cluster, the holder's server killed: " << load.figures() << '\n';
}

}  // namespace
}  // namespace signalbox::test
