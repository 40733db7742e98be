// Much of everything.
#include <chrono>
#include <string>
#include <vector>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/outage.hpp"
#include "tests/conformance/cases/resources.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {

using test::Direction;

namespace {

using Clock = std::chrono::steady_clock;

/// What the report says of a case besides its verdict.
void record(const std::string& what, std::size_t value) { testing::Test::RecordProperty(what, std::to_string(value)); }

void record_time(const std::string& what, Clock::time_point began) {
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - began);
  record(what + "_ms", static_cast<std::size_t>(took.count()));
}

/// So many at once may cost a loaded machine the link, which is no fault here: one that is told late is confirmed by ready.
void subscribe_all_in_the_end(const Peer& peer, const std::vector<std::string>& channels) {
  {
    Window window([](const Outcome& outcome) {
      EXPECT_TRUE(outcome.ok() || outcome.code == errc::unavailable) << outcome.code.message() << ": " << outcome.detail;
    });
    for (const std::string& channel : channels) window.add(test::subscribe(*peer, channel));
  }
  ASSERT_TRUE(peer.host().wait_state(State::ready, kPatience)) << peer.host().snapshot().reason;
}

/// What surely nobody got is sent again.
Outcome publish_in_the_end(const Peer& peer, const std::string& channel) {
  Outcome outcome;
  test::wait_until([&] {
    outcome = peer.publish(channel, "x");
    const bool counted = outcome.ok() && outcome.receivers.precision != Precision::unknown;
    return outcome.code != errc::unavailable && !(counted && outcome.receivers.count == 0);
  });
  return outcome;
}

}  // namespace

void tells_what_a_slow_reader_missed(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::output);
  SIGNALBOX_NEEDS(trial, Control::link);
  constexpr std::size_t kPayload = 16 * 1024;
  constexpr std::size_t kEnough = std::size_t{64} << 20;
  constexpr std::size_t kMost = std::size_t{256} << 20;
  trial.backend().limit_output(std::size_t{1} << 20);
  const auto holder = trial.peer_through_proxy();
  const auto publisher = trial.peer();
  const std::string alice = trial.channel("alice");
  ASSERT_TRUE(holder->subscribe(alice).ok());
  trial.settle();
  trial.proxy().stall(Direction::to_client);
  // Until the server gives the reader up; what sockets hold on the way is a few megabytes.
  const Moment before = holder->moment();
  const std::string payload(kPayload, 's');
  const bool tells = trial.capabilities().receivers >= Precision::at_least;
  std::size_t sent = 0;
  while (sent < (tells ? kMost : kEnough)) {
    const Outcome outcome = publisher->publish(alice, payload);
    expect_taken(trial, outcome);  // a slow reader is no fault of the publisher
    if (tells && outcome.ok() && outcome.receivers.count == 0) break;
    sent += kPayload;
  }
  ASSERT_LT(sent, kMost) << "never given up";
  trial.proxy().heal();
  ASSERT_TRUE(holder->wait_not_ready(before));
  expect_recovery(trial, *holder, before);
  if (!trial.capabilities().continuity) {
    EXPECT_LT(holder->payloads(alice).size(), sent / kPayload) << "nothing was missed: the case shows nothing";
  }
  expect_round_trip(*publisher, *holder, alice);
}

void misses_nothing_behind_a_confirmed_subscribe(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::link);
  const auto holder = trial.peer_through_proxy();
  const auto publisher = trial.peer();
  trial.proxy().delay(Direction::to_server, 50ms);
  trial.proxy().delay(Direction::to_client, 50ms);
  for (const std::string& channel : numbered(trial, "user", 10)) {
    ASSERT_TRUE(holder->subscribe(channel).ok());
    trial.settle();
    Window window([&](const Outcome& outcome) { trial.expect_receivers(outcome, 1); });
    for (int i = 0; i < 100; ++i) window.add(test::publish(**publisher, channel, std::to_string(i)));
    window.finish();
    ASSERT_TRUE(holder->wait_payloads(channel, 100));
  }
  EXPECT_TRUE(holder->undisturbed()) << "a subscribe in flight is no outage";
}

void holds_a_hundred_thousand_channels(Trial& trial) {
  constexpr std::size_t kChannels = 100'000;
  constexpr std::size_t kBytesEach = 1000;
  constexpr std::size_t kMoreThreads = 10;
  constexpr milliseconds kAgainWithin = 60s;  // that it comes to an end; how fast is the record's
  Outage outage(trial);
  const bool breakable = Outage::lacks(trial).empty();
  const std::size_t without_peers = thread_count();
  PeerOptions options = breakable ? outage.options() : PeerOptions();
  options.call_timeout = scaled(kPatience);
  const auto holder = trial.peer(options);
  const auto publisher = trial.peer(options);
  const std::vector<std::string> channels = numbered(trial, "user", kChannels);
  const std::size_t threads = thread_count();
  const std::size_t resident = resident_bytes();
  const Clock::time_point subscribing = Clock::now();
  subscribe_all_in_the_end(*holder, channels);
  record_time("subscribed", subscribing);
  record("threads_a_peer", (threads - without_peers) / 2);
  if (kCountsMemory) {
    const std::size_t grown = resident_bytes() - resident;
    record("bytes_a_channel", grown / kChannels);
    EXPECT_LT(grown, kChannels * kBytesEach);
  }
  EXPECT_LE(thread_count(), threads + kMoreThreads) << "a thread a channel";
  if (breakable) {
    const Moment holder_before = holder->moment();
    const Moment publisher_before = publisher->moment();
    outage.begin();
    ASSERT_TRUE(holder->wait_not_ready(holder_before));
    ASSERT_TRUE(publisher->wait_not_ready(publisher_before));
    outage.end();
    const Clock::time_point recovering = Clock::now();
    expect_recovery(trial, *holder, holder_before, kAgainWithin);
    record_time("subscribed_again", recovering);
    ASSERT_TRUE(publisher->host().wait_state(State::ready));
  }
  trial.settle();
  for (std::size_t i = 0; i < kChannels; i += 101) trial.expect_receivers(publish_in_the_end(*publisher, channels[i]), 1);
  EXPECT_TRUE(holder->host().wait_delivered((kChannels + 100) / 101));
}

}  // namespace signalbox::conformance
