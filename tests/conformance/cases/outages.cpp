// The server goes away and comes back.
#include <random>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {

using test::Direction;

void subscribes_everything_again_after_a_restart(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Outage);
  constexpr std::size_t kChannels = 10'000;
  Outage outage(trial);
  const auto holder = trial.peer(outage.options());
  const std::vector<std::string> channels = numbered(trial, "user", kChannels);
  subscribe_all(*holder, channels);
  outage.begin();
  ASSERT_TRUE(wait_not_ready(*holder));
  outage.end();
  expect_recovery(trial, *holder, 0, 2s);  // start() returns once the server answers
  // Ready means confirmed: no waiting here. Whoever was told of a gap was told before.
  const auto seen = holder->host().snapshot();
  if (!trial.capabilities().continuity) {
    EXPECT_EQ(seen.gap_channels.front(), std::vector<std::string>()) << "the gap is of all channels";
  }
  const auto publisher = trial.peer();
  for (std::size_t i = 0; i < kChannels; i += 100) trial.expect_receivers(publisher->publish(channels[i], "back"), 1);
  EXPECT_TRUE(holder->host().wait_delivered(kChannels / 100));
}

void refuses_publishes_while_the_server_is_away(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Outage);
  Outage outage(trial);
  const auto peer = trial.peer(outage.options());
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.settle();
  outage.begin();
  ASSERT_TRUE(wait_not_ready(*peer));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(peer->publish(alice, "never").code, errc::unavailable);
  if (trial.capabilities().exists != ExistsKind::unsupported) {
    EXPECT_EQ(peer->exists(alice).code, errc::unavailable);
  }
  outage.end();
  expect_recovery(trial, *peer, 0);
  // What was refused was not kept for later.
  expect_round_trip(*peer, *peer, alice);
  EXPECT_EQ(peer->payloads(alice), std::vector<std::string>{"round trip"});
}

void applies_what_was_asked_during_an_outage(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Outage);
  Outage outage(trial);
  PeerOptions options = outage.options();
  options.call_timeout = 300ms;
  const auto peer = trial.peer(options);
  const std::string keeps = trial.channel("keeps");
  const std::string drops = trial.channel("drops");
  const std::string takes = trial.channel("takes");
  const std::string changes = trial.channel("changes");
  subscribe_all(*peer, {keeps, drops});
  outage.begin();
  ASSERT_TRUE(wait_not_ready(*peer));
  EXPECT_TRUE(peer->unsubscribe(drops).ok()) << "done at once while the link is down";
  EXPECT_EQ(peer->subscribe(takes).code, errc::unavailable) << "still wanted, not confirmed";
  EXPECT_EQ(peer->subscribe(changes).code, errc::unavailable);
  EXPECT_TRUE(peer->unsubscribe(changes).ok());
  outage.end();
  expect_recovery(trial, *peer, 0);
  trial.settle();
  trial.expect_receivers(peer->publish(drops, "never"), 0);
  trial.expect_receivers(peer->publish(changes, "never"), 0);
  trial.expect_receivers(peer->publish(keeps, "kept"), 1);
  trial.expect_receivers(peer->publish(takes, "taken"), 1);
  EXPECT_TRUE(peer->wait_payloads(keeps, 1));
  EXPECT_TRUE(peer->wait_payloads(takes, 1));
  EXPECT_TRUE(peer->payloads(drops).empty());
  EXPECT_TRUE(peer->payloads(changes).empty());
}

void never_delivers_half_a_message(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  PeerOptions through;
  through.through_proxy = true;
  const auto holder = trial.peer(through);
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  const std::string whole(4000, 'w');
  for (const std::size_t cut_at : {1u, 17u, 60u, 1500u, 4020u}) {
    const std::size_t gaps = holder->host().snapshot().gaps.size();
    trial.proxy().cut_after(Direction::to_client, cut_at);
    EXPECT_TRUE(publisher->publish(alice, whole).ok());
    ASSERT_TRUE(wait_not_ready(*holder)) << "cut after " << cut_at;
    trial.proxy().heal();
    expect_recovery(trial, *holder, gaps);
    expect_round_trip(*publisher, *holder, alice);
  }
  for (const std::string& payload : holder->payloads(alice)) EXPECT_TRUE(payload == whole || payload == "round trip");

  // The other way: a publish that is cut is either whole or nothing, and its caller learns that it can't know.
  for (const std::size_t cut_at : {1u, 17u, 60u, 1500u}) {
    const std::size_t gaps = holder->host().snapshot().gaps.size();
    trial.proxy().cut_after(Direction::to_server, cut_at);
    const Outcome outcome = holder->publish(alice, whole);
    EXPECT_TRUE(outcome.code == errc::unknown_outcome || outcome.code == errc::unavailable) << outcome.code.message();
    ASSERT_TRUE(wait_not_ready(*holder)) << "cut after " << cut_at;
    trial.proxy().heal();
    expect_recovery(trial, *holder, gaps);
  }
  for (const std::string& payload : holder->payloads(alice)) EXPECT_TRUE(payload == whole || payload == "round trip");
}

void survives_garbage_from_the_server(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  PeerOptions through;
  through.through_proxy = true;
  const auto holder = trial.peer(through);
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  std::mt19937 random(28);
  std::string noise(4096, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  const std::vector<std::string> garbage{"*-5\r\n",
                                         "$4294967296\r\n",
                                         "$99999999999999999999\r\n",
                                         "*2147483647\r\n",
                                         "HTTP/1.1 400 Bad Request\r\n\r\n",
                                         "\r\n\r\n",
                                         "-ERR out of nowhere\r\n",
                                         ":1\r\n+OK\r\n",
                                         noise};
  for (const std::string& bytes : garbage) {
    trial.proxy().inject(Direction::to_client, bytes);
    // Whether it gives the link up or can pass over it is the broker's: in the end messages flow. A length that swallows what
    // follows is noticed like silence.
    const auto flows = [&] {
      const std::size_t before = holder->payloads(alice).size();
      return publisher->publish(alice, "through").ok() && holder->wait_payloads(alice, before + 1, 300ms);
    };
    ASSERT_TRUE(test::wait_until(flows, kNoticed + kPatience))
        << "after " << testing::PrintToString(bytes.substr(0, 40)) << "\n"
        << holder->host().log_text();
  }
  trial.proxy().corrupt(Direction::to_client, 28);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(publisher->publish(alice, std::string(100, 'c')).ok());
  trial.proxy().heal();
  ASSERT_TRUE(holder->host().wait_state(State::ready, 20s)) << holder->host().snapshot().reason;
  expect_round_trip(*publisher, *holder, alice);
}

}  // namespace signalbox::conformance
