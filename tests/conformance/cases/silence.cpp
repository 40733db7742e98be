// TCP stands, and nothing comes.
#include <algorithm>
#include <chrono>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/resources.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {

using test::Direction;

namespace {

constexpr std::size_t kPayloadBytes = 16 * 1024;

std::string numbered_payload(std::size_t number) {
  std::string payload = std::to_string(number) + ' ';
  payload.resize(kPayloadBytes, 'x');
  return payload;
}

/// Of the numbered payloads that arrived in the end none was answered "surely not sent", none came twice, all came in order.
void expect_only_unknown_ones(const std::vector<std::string>& arrived, const std::vector<bool>& surely_not_sent) {
  std::size_t next = 0;
  for (const std::string& payload : arrived) {
    if (payload == "last") continue;
    const std::size_t number = std::stoul(payload);
    EXPECT_FALSE(surely_not_sent[number]) << number << " was delivered, though its caller was told that it was not sent";
    EXPECT_GE(number, next) << "twice, or out of order";
    next = number + 1;
  }
}

}  // namespace

void notices_a_half_open_link(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  const auto peer = trial.peer_through_proxy();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  const std::string bob = trial.channel("bob");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.settle();
  const Moment before = peer->moment();
  trial.proxy().stall(Direction::to_server);
  trial.proxy().stall(Direction::to_client);
  EXPECT_EQ(peer->subscribe(bob).code, errc::unavailable) << "not confirmed, and still wanted";
  ASSERT_TRUE(peer->wait_not_ready(before, kNoticed));
  // Of several servers each is noticed by itself.
  const auto is_refused = [&] { return peer->publish(alice, "refused").code == errc::unavailable; };
  ASSERT_TRUE(test::wait_until(is_refused, kNoticed));
  expect_taken(trial, publisher->publish(alice, "meanwhile"));
  trial.proxy().heal();
  ASSERT_TRUE(peer->wait_recovered(before, 15s)) << peer->host().snapshot().reason << "\n" << peer->host().log_text();
  trial.settle();
  expect_round_trip(*publisher, *peer, alice);
  expect_round_trip(*peer, *peer, alice);
  expect_round_trip(*peer, *peer, bob);
  const std::vector<std::string> arrived = peer->payloads(alice);
  const bool missed = std::find(arrived.begin(), arrived.end(), "meanwhile") == arrived.end();
  EXPECT_TRUE(!missed || peer->moment().gaps > before.gaps) << "no gap was told of what was missed";
}

void admits_that_it_can_not_know(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  const auto holder = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  PeerOptions through;
  through.through_proxy = true;
  through.call_timeout = scaled(500ms);
  const auto publisher = trial.peer(through);
  trial.settle();
  expect_taken(trial, publisher->publish(alice, "answered"));  // nothing else is under way that could be in its way
  trial.proxy().stall(Direction::to_client);
  const Moment before = publisher->moment();
  const auto began = std::chrono::steady_clock::now();
  const Outcome outcome = publisher->publish(alice, "sent, never answered");
  EXPECT_LT(std::chrono::steady_clock::now() - began, scaled(1500ms)) << "long past the deadline that the host has given";
  // Who never waits for an answer counts nobody, and knows no better.
  const bool without_answers = trial.capabilities().receivers == Precision::unknown && outcome.ok();
  EXPECT_TRUE(outcome.code == errc::unknown_outcome || without_answers) << outcome.code.message();
  ASSERT_TRUE(without_answers || publisher->wait_not_ready(before, kNoticed));
  trial.proxy().heal();
  ASSERT_TRUE(publisher->host().wait_state(State::ready, 15s));
  // What it sends again comes before its next message, or before its end.
  expect_round_trip(*publisher, *holder, alice);
  publisher->stop();
  expect_round_trip(*holder, *holder, alice);
  EXPECT_EQ(holder->payloads(alice), (std::vector<std::string>{"answered", "sent, never answered", "round trip", "round trip"}))
      << "sent again, or lost";
}

void never_blocks_on_a_frozen_server(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Freeze);
  Freeze freeze(trial);
  PeerOptions options = freeze.options();
  options.call_timeout = scaled(1s);
  const auto peer = trial.peer(options);
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  freeze.begin();
  constexpr std::size_t kPublishes = 20'000;  // 320 MB: more than may wait
  const std::size_t resident = resident_bytes();
  const BlockedTime blocked;
  std::vector<Pending> calls;
  for (std::size_t i = 0; i < kPublishes; ++i) calls.push_back(test::publish(**peer, alice, numbered_payload(i)));
  EXPECT_LT(blocked.so_far(), 500ms) << "calls blocked";
  std::vector<bool> surely_not_sent;
  for (Pending& call : calls) {
    const Outcome outcome = test::wait(std::move(call));
    surely_not_sent.push_back(outcome.code == errc::overloaded || outcome.code == errc::unavailable);
    ASSERT_FALSE(outcome.ok() && trial.capabilities().receivers != Precision::unknown) << "who would have taken it?";
  }
  EXPECT_NE(std::count(surely_not_sent.begin(), surely_not_sent.end(), true), 0) << "everything was buffered";
  if (kCountsMemory) {
    EXPECT_LT(resident_bytes(), resident + (std::size_t{200} << 20));
  }
  freeze.end();
  ASSERT_TRUE(test::wait_until(
      [&] {
        const std::size_t before = peer->payloads(alice).size();
        return peer->publish(alice, "last").ok() && peer->wait_payloads(alice, before + 1, 300ms) &&
               peer->payloads(alice).back() == "last";
      },
      20s))
      << peer->host().snapshot().reason;
  expect_only_unknown_ones(peer->payloads(alice), surely_not_sent);
}

void notices_that_messages_do_not_arrive(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  SIGNALBOX_NEEDS(trial, Control::black_hole);
  const auto holder = trial.peer_through_proxy();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  trial.proxy().filter(Direction::to_client, [&] { return trial.backend().drop_deliveries(); });
  const Moment before = holder->moment();
  expect_taken(trial, publisher->publish(alice, "into the hole"));
  // 5 s idle and 3 s for the echo of a probe, and then some.
  ASSERT_TRUE(holder->wait_not_ready(before, 10s));
  trial.proxy().heal();
  expect_recovery(trial, *holder, before);
  expect_round_trip(*publisher, *holder, alice);
  const std::vector<std::string> seen = holder->payloads(alice);
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.back(), "round trip");
  EXPECT_EQ(seen.size() == 2, trial.capabilities().continuity) << "lost, unless it promises that an outage loses nothing";
}

}  // namespace signalbox::conformance
