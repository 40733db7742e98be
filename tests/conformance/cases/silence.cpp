// TCP stands, and nothing comes.
#include <chrono>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/resources.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {

using test::Direction;

void notices_a_half_open_link(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  PeerOptions through;
  through.through_proxy = true;
  const auto peer = trial.peer(through);
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.proxy().stall(Direction::to_server);
  trial.proxy().stall(Direction::to_client);
  ASSERT_TRUE(wait_not_ready(*peer, kNoticed));
  trial.proxy().heal();
  expect_recovery(trial, *peer, 0);
  trial.settle();
  expect_round_trip(*peer, *peer, alice);
}

void admits_that_it_can_not_know(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  const auto holder = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  PeerOptions through;
  through.through_proxy = true;
  through.call_timeout = 1s;
  const auto publisher = trial.peer(through);
  trial.settle();
  trial.proxy().stall(Direction::to_client);
  const Outcome outcome = publisher->publish(alice, "sent, never answered");
  // Who never waits for an answer counts nobody, and knows no better.
  const bool without_answers = trial.capabilities().receivers == Precision::unknown && outcome.ok();
  EXPECT_TRUE(outcome.code == errc::unknown_outcome || without_answers) << outcome.code.message();
  trial.proxy().heal();
  ASSERT_TRUE(publisher->host().wait_state(State::ready, 15s));
  expect_round_trip(*publisher, *holder, alice);
  EXPECT_EQ(holder->payloads(alice), (std::vector<std::string>{"sent, never answered", "round trip"})) << "sent again, or lost";
}

void never_blocks_on_a_frozen_server(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Freeze);
  Freeze freeze(trial);
  PeerOptions options = freeze.options();
  options.call_timeout = 1s;
  const auto peer = trial.peer(options);
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  freeze.begin();
  const std::string payload(16 * 1024, 'x');
  constexpr std::size_t kPublishes = 20'000;  // 320 MB: more than may wait
  const std::size_t resident = resident_bytes();
  std::vector<Pending> calls;
  std::chrono::steady_clock::duration longest{0};
  for (std::size_t i = 0; i < kPublishes; ++i) {
    const auto began = std::chrono::steady_clock::now();
    calls.push_back(test::publish(**peer, alice, payload));
    longest = std::max(longest, std::chrono::steady_clock::now() - began);
  }
  EXPECT_LT(longest, scaled(500ms)) << "a call blocked";
  std::size_t surely_not_sent = 0;
  for (Pending& call : calls) {
    const Outcome outcome = test::wait(std::move(call));
    if (outcome.code == errc::overloaded || outcome.code == errc::unavailable) ++surely_not_sent;
    ASSERT_FALSE(outcome.ok() && trial.capabilities().receivers != Precision::unknown) << "who would have taken it?";
  }
  EXPECT_GT(surely_not_sent, 0u) << "everything was buffered";
  if (kCountsMemory) {
    EXPECT_LT(resident_bytes(), resident + (std::size_t{200} << 20));
  }
  freeze.end();
  ASSERT_TRUE(peer->host().wait_state(State::ready, 20s)) << peer->host().snapshot().reason;
  ASSERT_TRUE(test::wait_until([&] { return peer->publish(alice, "last").ok(); }));
  EXPECT_TRUE(test::wait_until([&] {
    const std::vector<std::string> seen = peer->payloads(alice);
    return !seen.empty() && seen.back() == "last";
  }));
}

void notices_that_messages_do_not_arrive(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  SIGNALBOX_NEEDS(trial, Control::black_hole);
  PeerOptions through;
  through.through_proxy = true;
  const auto holder = trial.peer(through);
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  trial.proxy().filter(Direction::to_client, [&] { return trial.backend().drop_deliveries(); });
  EXPECT_TRUE(publisher->publish(alice, "into the hole").ok());
  // 5 s idle and 3 s for the echo of a probe, and then some.
  ASSERT_TRUE(wait_not_ready(*holder, 10s));
  trial.proxy().heal();
  expect_recovery(trial, *holder, 0);
  expect_round_trip(*publisher, *holder, alice);
  EXPECT_EQ(holder->payloads(alice), std::vector<std::string>{"round trip"});
}

}  // namespace signalbox::conformance
