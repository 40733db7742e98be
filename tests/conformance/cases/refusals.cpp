// The server says no.
#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

[[nodiscard]] bool wait_failed(const Peer& peer, const std::string& reason) {
  return peer.host().wait([&](const RecordingHost::Snapshot& seen) {
    return !seen.states.empty() && seen.states.back() == State::failed && seen.reason.starts_with(reason);
  });
}

}  // namespace

void recovers_from_a_wrong_password_once_it_is_mended(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::password);
  const auto early = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(early->subscribe(alice).ok());
  const Moment before = early->moment();
  trial.backend().change_password();
  PeerOptions unready;
  unready.wait_ready = false;
  const auto late = trial.peer(unready);
  for (const Peer* peer : {early.get(), late.get()}) {
    ASSERT_TRUE(wait_failed(*peer, "auth: ")) << peer->host().snapshot().reason;
    EXPECT_EQ(peer->publish(alice, "refused").code, errc::unavailable);
    if (trial.capabilities().exists != ExistsKind::unsupported) {
      EXPECT_EQ(peer->exists(alice).code, errc::unavailable);
    }
  }
  trial.backend().restore_password();
  expect_recovery(trial, *early, before, kSlowRetry);
  ASSERT_TRUE(late->host().wait_state(State::ready, kSlowRetry));
  expect_round_trip(*late, *early, alice);
}

void rejects_one_forbidden_channel_among_many(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::permission);
  const std::string own = trial.channel("\x02");  // probes: an operator allows the prefix
  const std::string forbidden = trial.channel("must not");
  trial.backend().allow_only({own, trial.channel("may")}, forbidden);
  const auto peer = trial.peer();
  std::vector<std::string> channels = numbered(trial, "may", 99);
  channels.insert(channels.begin() + 50, forbidden);
  std::vector<Pending> calls;
  for (const std::string& channel : channels) calls.push_back(test::subscribe(**peer, channel));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const Outcome outcome = test::wait(std::move(calls[i]));
    EXPECT_EQ(outcome.code, channels[i] == forbidden ? errc::rejected : std::error_code()) << channels[i] << outcome.detail;
  }
  trial.settle();
  for (const std::string& channel : channels) {
    if (channel != forbidden) trial.expect_receivers(peer->publish(channel, "x"), 1);
  }
  EXPECT_TRUE(peer->host().wait_delivered(99));
  EXPECT_EQ(peer->publish(forbidden, "x").code, errc::rejected);
  EXPECT_TRUE(peer->undisturbed()) << "one channel is not the link";

  trial.backend().allow_all();
  ASSERT_TRUE(peer->subscribe(forbidden).ok());
  trial.settle();
  expect_round_trip(*peer, *peer, forbidden);
  // Taken away under an open subscription: the host is told, and the channel is wanted no more.
  trial.backend().allow_only({own, trial.channel("may")}, forbidden);
  EXPECT_TRUE(peer->host().wait([&](const RecordingHost::Snapshot& seen) {
    return seen.refused == std::vector<std::string>{forbidden} && seen.refusals.front() == errc::rejected;
  })) << peer->host().log_text();
  trial.backend().allow_all();
  // On one server of several another one's channels may be back first.
  const auto again = [&] { return peer->publish(channels.front(), "again").ok() && peer->publish(forbidden, "x").ok(); };
  ASSERT_TRUE(test::wait_until(again));
  trial.settle();
  trial.expect_receivers(peer->publish(forbidden, "x"), 0);
  expect_round_trip(*peer, *peer, channels.front());
}

void waits_where_the_server_takes_no_more_connections(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::limit);
  SIGNALBOX_NEEDS(trial, Control::link);
  const auto peer = trial.peer_through_proxy();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  const Moment before = peer->moment();
  const std::size_t accepted = trial.proxy().accepted();
  trial.backend().refuse_connections(true);
  trial.proxy().reset();
  ASSERT_TRUE(peer->wait_not_ready(before));
  EXPECT_EQ(peer->publish(alice, "refused").code, errc::unavailable);
  PeerOptions unready;
  unready.wait_ready = false;
  const auto late = trial.peer(unready);
  const auto told = [](const RecordingHost::Snapshot& seen) { return !seen.reason.empty(); };
  EXPECT_TRUE(late->host().wait(told)) << "why it is not ready is nowhere said";
  EXPECT_NE(late->host().snapshot().states.back(), State::ready);
  EXPECT_LT(trial.proxy().accepted(), accepted + 1000) << "tries again without a pause";
  trial.backend().refuse_connections(false);
  expect_recovery(trial, *peer, before, kSlowRetry);
  ASSERT_TRUE(late->host().wait_state(State::ready, kSlowRetry));
  expect_round_trip(*late, *peer, alice);
}

namespace {

void follows_a_failover(Trial& trial) {
  const auto holder = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  const Moment before = holder->moment();
  trial.backend().fail_over();
  expect_recovery(trial, *holder, before, kSlowRetry);
  trial.expect_receivers(holder->publish(alice, "to the new one"), 1);
  EXPECT_TRUE(holder->wait_payloads(alice, 1));
  const auto late = trial.peer();
  expect_round_trip(*late, *holder, alice);
}

}  // namespace

void leaves_a_server_that_is_no_longer_the_master(Trial& trial) {
  if (trial.backend().lacks(Control::failover).empty()) return follows_a_failover(trial);
  SIGNALBOX_NEEDS(trial, Control::role);
  const auto holder = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  const Moment before = holder->moment();
  trial.backend().demote();
  ASSERT_TRUE(wait_failed(*holder, "config: ")) << holder->host().snapshot().reason;
  EXPECT_EQ(holder->publish(alice, "to a replica").code, errc::unavailable);
  trial.backend().promote();
  expect_recovery(trial, *holder, before, kSlowRetry);
  expect_round_trip(*holder, *holder, alice);
  EXPECT_EQ(holder->payloads(alice), std::vector<std::string>{"round trip"});
}

void refuses_a_server_that_can_not_keep_the_contract(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::wrong);
  for (const Misconfiguration& wrong : trial.backend().misconfigured()) {
    PeerOptions options;
    options.values = wrong.values;
    options.wait_ready = false;
    const auto peer = trial.peer(options);
    ASSERT_TRUE(wait_failed(*peer, "config: ")) << wrong.what << ": " << peer->host().snapshot().reason;
    EXPECT_NE(peer->host().snapshot().reason.find(wrong.reason), std::string::npos) << peer->host().snapshot().reason;
    EXPECT_EQ(peer->publish(trial.channel("alice"), "x").code, errc::unavailable);
  }
}

}  // namespace signalbox::conformance
