// The server goes away and comes back.
#include <future>
#include <random>
#include <set>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {

using test::Direction;

namespace {

/// One outage, and whether it was ready again within the backend's time. That it is in the end, and tells the gap, is expected.
bool recovers_in_time(Trial& trial, Outage& outage, const Peer& peer) {
  const Moment before = peer.moment();
  outage.begin();
  EXPECT_TRUE(peer.wait_not_ready(before));
  outage.end();
  const bool in_time = peer.wait_recovered(before, trial.backend().recovers_within());
  expect_recovery(trial, peer, before, 60s);
  return in_time;
}

}  // namespace

void subscribes_everything_again_after_a_restart(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Outage);
  constexpr std::size_t kChannels = 10'000;
  Outage outage(trial);
  const auto holder = trial.peer(outage.options());
  const std::vector<std::string> channels = numbered(trial, "user", kChannels);
  subscribe_all(*holder, channels);
  EXPECT_TRUE(test::keeps_bound([&] { return recovers_in_time(trial, outage, *holder); }))
      << holder->host().snapshot().reason << "\n"
      << holder->host().log_text();
  // Ready means confirmed: no waiting here.
  const auto seen = holder->host().snapshot();
  if (!trial.capabilities().continuity) {
    ASSERT_FALSE(seen.gaps.empty());
    std::set<std::string> told;
    for (const auto& some : seen.gap_channels) told.insert(some.begin(), some.end());
    const bool at_once = seen.gap_channels.front().empty();
    EXPECT_TRUE(at_once || told == std::set<std::string>(channels.begin(), channels.end())) << "the gap is of all channels";
  }
  const auto publisher = trial.peer();
  {
    Window window([&](const Outcome& outcome) { trial.expect_receivers(outcome, 1); });
    for (const std::string& channel : channels) window.add(test::publish(**publisher, channel, "back"));
  }
  EXPECT_TRUE(holder->host().wait_delivered(kChannels));
}

void refuses_publishes_while_the_server_is_away(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Outage);
  Outage outage(trial);
  const auto holder = trial.peer(outage.options());
  const auto publisher = trial.peer(outage.options());
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  ASSERT_TRUE(publisher->subscribe(trial.channel("carol")).ok());  // so that it has something to miss
  trial.settle();
  const Moment holder_before = holder->moment();
  const Moment publisher_before = publisher->moment();
  outage.begin();
  ASSERT_TRUE(holder->wait_not_ready(holder_before));
  ASSERT_TRUE(publisher->wait_not_ready(publisher_before));
  // At once, and not at the deadline: this one waits for it.
  Pending waits = test::subscribe(**publisher, trial.channel("bob"));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(publisher->publish(alice, "never").code, errc::unavailable);
  EXPECT_EQ(waits.wait_for(0s), std::future_status::timeout) << "refusals take as long as the deadline";
  EXPECT_EQ(test::wait(std::move(waits)).code, errc::unavailable);
  if (trial.capabilities().exists != ExistsKind::unsupported) {
    EXPECT_EQ(publisher->exists(alice).code, errc::unavailable);
  }
  outage.end();
  expect_recovery(trial, *holder, holder_before);
  expect_recovery(trial, *publisher, publisher_before);
  // What was refused was not kept for later, nor for its end.
  expect_round_trip(*publisher, *holder, alice);
  publisher->stop();
  expect_round_trip(*holder, *holder, alice);
  EXPECT_EQ(holder->payloads(alice), (std::vector<std::string>{"round trip", "round trip"}));
}

void applies_what_was_asked_during_an_outage(Trial& trial) {
  SIGNALBOX_NEEDS_FAULT(trial, Outage);
  Outage outage(trial);
  PeerOptions options = outage.options();
  options.call_timeout = scaled(1s);
  const auto peer = trial.peer(options);
  const std::string keeps = trial.channel("keeps");
  const std::string drops = trial.channel("drops");
  const std::string takes = trial.channel("takes");
  const std::string changes = trial.channel("changes");
  subscribe_all(*peer, {keeps, drops});
  const Moment before = peer->moment();
  outage.begin();
  ASSERT_TRUE(peer->wait_not_ready(before));
  Pending overtaken = test::subscribe(**peer, changes);
  EXPECT_TRUE(peer->unsubscribe(drops).ok());
  EXPECT_TRUE(peer->unsubscribe(changes).ok());
  EXPECT_EQ(test::wait(std::move(overtaken)).code, errc::superseded);
  Pending waits = test::subscribe(**peer, takes);
  EXPECT_TRUE(peer->unsubscribe(trial.channel("nothing")).ok());
  EXPECT_EQ(waits.wait_for(0s), std::future_status::timeout) << "an unsubscribe is done at once while the link is down";
  EXPECT_EQ(test::wait(std::move(waits)).code, errc::unavailable) << "still wanted, not confirmed";
  // One that begins while the server is away.
  PeerOptions early = options;
  early.wait_ready = false;
  const auto late = trial.peer(early);
  EXPECT_EQ(late->subscribe(takes).code, errc::unavailable);
  outage.end();
  expect_recovery(trial, *peer, before);
  ASSERT_TRUE(late->host().wait_state(State::ready, 15s));
  trial.settle();
  trial.expect_receivers(peer->publish(drops, "never"), 0);
  trial.expect_receivers(peer->publish(changes, "never"), 0);
  trial.expect_receivers(peer->publish(keeps, "kept"), 1);
  trial.expect_receivers(peer->publish(takes, "taken"), 2);
  EXPECT_TRUE(peer->wait_payloads(keeps, 1));
  EXPECT_TRUE(peer->wait_payloads(takes, 1));
  EXPECT_TRUE(late->wait_payloads(takes, 1));
  EXPECT_TRUE(peer->payloads(drops).empty());
  EXPECT_TRUE(peer->payloads(changes).empty());
}

void never_delivers_half_a_message(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  const auto holder = trial.peer_through_proxy();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  const std::string whole(4000, 'w');
  for (const std::size_t cut_at : {1u, 17u, 60u, 1500u, 4020u}) {
    const Moment before = holder->moment();
    trial.proxy().cut_after(Direction::to_client, cut_at);
    expect_taken(trial, publisher->publish(alice, whole));
    ASSERT_TRUE(holder->wait_not_ready(before)) << "cut after " << cut_at;
    trial.proxy().heal();
    expect_recovery(trial, *holder, before);
    expect_round_trip(*publisher, *holder, alice);
  }
  for (const std::string& payload : holder->payloads(alice)) EXPECT_TRUE(payload == whole || payload == "round trip");

  // The other way: a publish that is cut is either whole or nothing, and its caller learns that it can't know.
  for (const std::size_t cut_at : {1u, 17u, 60u, 1500u}) {
    const Moment before = holder->moment();
    trial.proxy().cut_after(Direction::to_server, cut_at);
    const Outcome outcome = holder->publish(alice, whole);
    const bool without_answers = trial.capabilities().receivers == Precision::unknown && outcome.ok();
    EXPECT_TRUE(outcome.code == errc::unknown_outcome || outcome.code == errc::unavailable || without_answers)
        << outcome.code.message();
    ASSERT_TRUE(holder->wait_not_ready(before)) << "cut after " << cut_at;
    trial.proxy().heal();
    // Without a gap where the connection that messages come by was not cut.
    ASSERT_TRUE(holder->wait_recovered(before, 15s)) << holder->host().snapshot().reason;
    trial.settle();
    expect_round_trip(*publisher, *holder, alice);
  }
  for (const std::string& payload : holder->payloads(alice)) EXPECT_TRUE(payload == whole || payload == "round trip");
}

void survives_garbage_from_the_server(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  const auto holder = trial.peer_through_proxy();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  const auto flows = [&] {
    const std::size_t before = holder->payloads(alice).size();
    return publisher->publish(alice, "through").ok() && holder->wait_payloads(alice, before + 1, 300ms);
  };
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
                                         "INFO {",
                                         "MSG x 1 99999999999\r\n",
                                         noise};
  for (const std::string& bytes : garbage) {
    trial.proxy().inject(Direction::to_client, bytes);
    // Whether it gives the link up or can pass over it is the broker's. A length that swallows what follows is noticed like
    // silence.
    ASSERT_TRUE(test::wait_until(flows, kNoticed + kPatience))
        << "after " << testing::PrintToString(bytes.substr(0, 40)) << "\n"
        << holder->host().log_text();
  }
  if (trial.backend().lacks(Control::corruption).empty()) {
    trial.proxy().corrupt(Direction::to_client, 28);
    for (int i = 0; i < 200; ++i) expect_taken(trial, publisher->publish(alice, std::string(100, 'c')));
    trial.proxy().heal();
  }
  ASSERT_TRUE(test::wait_until(flows, kNoticed + kPatience)) << holder->host().log_text();
  ASSERT_TRUE(holder->host().wait_state(State::ready, 20s)) << holder->host().snapshot().reason;
  // Its other conversations have not lost count of the answers either.
  trial.expect_exists(holder->exists(alice), true);
  trial.expect_exists(holder->exists(trial.channel("stranger")), false);
  trial.expect_receivers(holder->publish(alice, "own"), 1);
}

}  // namespace signalbox::conformance
