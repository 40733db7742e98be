// The server says no.
#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

/// What only an operator can mend is tried again slowly.
constexpr milliseconds kSlowRetry = 20s;

[[nodiscard]] bool wait_failed(const Peer& peer, const std::string& reason) {
  return peer.host().wait([&](const RecordingHost::Snapshot& seen) {
    return !seen.states.empty() && seen.states.back() == State::failed && seen.reason.find(reason) != std::string::npos;
  });
}

}  // namespace

void recovers_from_a_wrong_password_once_it_is_mended(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::password);
  const auto early = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(early->subscribe(alice).ok());
  trial.backend().change_password();
  PeerOptions unready;
  unready.wait_ready = false;
  const auto late = trial.peer(unready);
  for (const Peer* peer : {early.get(), late.get()}) {
    ASSERT_TRUE(wait_failed(*peer, "auth: ")) << peer->host().snapshot().reason;
    EXPECT_EQ(peer->publish(alice, "refused").code, errc::unavailable);
  }
  trial.backend().restore_password();
  expect_recovery(trial, *early, 0, kSlowRetry);
  ASSERT_TRUE(late->host().wait_state(State::ready, kSlowRetry));
  expect_round_trip(*late, *early, alice);
}

void rejects_one_forbidden_channel_among_many(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::permission);
  const std::string own = trial.channel("\x02");  // probes: an operator allows the prefix
  trial.backend().allow_only({own, trial.channel("may")});
  const auto peer = trial.peer();
  std::vector<std::string> channels = numbered(trial, "may", 99);
  const std::string forbidden = trial.channel("must not");
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
  // Taken away under an open subscription: the host is told.
  trial.backend().allow_only({own, trial.channel("may")});
  EXPECT_TRUE(peer->host().wait([&](const RecordingHost::Snapshot& seen) {
    return seen.refused == std::vector<std::string>{forbidden};
  })) << peer->host().log_text();
  ASSERT_TRUE(peer->host().wait_state(State::ready));
  trial.backend().allow_all();
}

void waits_where_the_server_takes_no_more_connections(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::limit);
  SIGNALBOX_NEEDS(trial, Control::link);
  PeerOptions through;
  through.through_proxy = true;
  const auto peer = trial.peer(through);
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.backend().limit_connections(1);
  trial.proxy().reset();
  ASSERT_TRUE(wait_not_ready(*peer));
  EXPECT_EQ(peer->publish(alice, "refused").code, errc::unavailable);
  PeerOptions unready;
  unready.wait_ready = false;
  const auto late = trial.peer(unready);
  const auto told = [](const RecordingHost::Snapshot& seen) { return !seen.reason.empty(); };
  EXPECT_TRUE(late->host().wait(told)) << "why it is not ready is nowhere said";
  EXPECT_NE(late->host().snapshot().states.back(), State::ready);
  trial.backend().limit_connections(0);
  expect_recovery(trial, *peer, 0, kSlowRetry);
  ASSERT_TRUE(late->host().wait_state(State::ready, kSlowRetry));
  expect_round_trip(*late, *peer, alice);
}

void leaves_a_server_that_is_no_longer_the_master(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::role);
  const auto holder = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.backend().demote();
  ASSERT_TRUE(wait_failed(*holder, "config: ")) << holder->host().snapshot().reason;
  EXPECT_EQ(holder->publish(alice, "to a replica").code, errc::unavailable);
  trial.backend().promote();
  expect_recovery(trial, *holder, 0, kSlowRetry);
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
