// A TLS link that comes to a halt in the midst of a record: nats.c waits for the rest of it, and nobody else may.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/certificates.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/nats_server.hpp"
#include "tests/unit/brokers/nats/nats_instance.hpp"

namespace signalbox::test {
namespace {

/// Lets all of what comes first through but its last byte, and nothing behind it.
FaultProxy::Filter halt() {
  return [held = std::string(), halted = false](std::string_view bytes) mutable {
    if (bytes.empty()) return std::exchange(held, {});
    held += bytes;
    if (std::exchange(halted, true)) return std::string();
    std::string passes = held.substr(0, held.size() - 1);
    held.erase(0, passes.size());
    return passes;
  };
}

class NatsStall : public testing::Test {
 protected:
  NatsStall() {
    instance_ = std::make_unique<NatsInstance>(
        Values{{"url", "tls://localhost:" + std::to_string(proxy_.port())}, {"tls_ca_file", pair_.certificate}});
    EXPECT_TRUE(instance_->wait_ready()) << instance_->reason();
    instance_->expect_serves();
  }

  Certificates certificates_;
  Certificates::Pair pair_ = certificates_.make("server", "DNS:localhost");
  NatsServer server_{tls_config(pair_)};
  FaultProxy proxy_{server_.port()};
  std::unique_ptr<NatsInstance> instance_;
};

TEST_F(NatsStall, KeepsEveryDeadlineAndGivesTheLinkUpWhenARecordStaysIncomplete) {
  NatsInstance& a = *instance_;
  proxy_.filter(Direction::to_client, halt);
  EXPECT_EQ(wait(publish(*a, "alice", "lost")).code, errc::unknown_outcome);
  ASSERT_TRUE(a.host.wait_state(State::degraded));
  EXPECT_EQ(wait(publish(*a, "alice", "x")).code, errc::unavailable);
  proxy_.heal();
  ASSERT_TRUE(a.wait_back()) << a.reason();
  a.expect_serves("bob");
}

TEST_F(NatsStall, StopsWhileARecordIsIncomplete) {
  NatsInstance& a = *instance_;
  proxy_.filter(Direction::to_client, halt);
  Pending open = publish(*a, "alice", "lost");
  EXPECT_EQ(wait(exists(*a, "alice")).code, errc::unavailable) << "its answer is the one that comes in part";
  a.broker->stop(0ms);
  wait(std::move(open));
}

TEST_F(NatsStall, CompletesEveryCallWhenTheServerReadsNoMore) {
  NatsInstance& a = *instance_;
  proxy_.stall(Direction::to_server);
  const std::string large(900'000, 'x');
  std::vector<Pending> open;
  for (int i = 0; i < 60; ++i) open.push_back(publish(*a, "alice", large));
  for (Pending& call : open) {
    const Outcome outcome = wait(std::move(call));
    EXPECT_TRUE(outcome.code == errc::unknown_outcome || outcome.code == errc::unavailable) << outcome.code;
  }
  ASSERT_TRUE(a.host.wait_state(State::degraded));
  proxy_.heal();
  ASSERT_TRUE(a.wait_back()) << a.reason();
}

TEST_F(NatsStall, ReadsOnWhenTheRestComes) {
  NatsInstance& a = *instance_;
  for (int i = 0; i < 20; ++i) {
    proxy_.filter(Direction::to_client, halt);
    Pending open = publish(*a, "carol", std::string(50'000, 'x'));
    Pending question = exists(*a, "alice");
    proxy_.heal();
    EXPECT_TRUE(wait(std::move(open)).ok());
    EXPECT_TRUE(wait(std::move(question)).exists);
  }
  EXPECT_TRUE(a.host.snapshot().gaps.empty()) << "on the link that it had";
}

}  // namespace
}  // namespace signalbox::test
