// Subscribe and unsubscribe as set operations.
#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

/// Each call completes once: a promise that is set twice throws, one that is never set fails the wait. The last one is carried
/// out; those before it may be overtaken.
void flap(const Peer& peer, const std::string& channel, int count, bool last_subscribes) {
  Window window([](const Outcome& outcome) {
    EXPECT_TRUE(outcome.ok() || outcome.code == errc::superseded) << outcome.code.message() << ": " << outcome.detail;
  });
  for (int i = count; i > 0; --i) {
    const bool subscribes = (i % 2 == 1) == last_subscribes;
    Pending pending = subscribes ? test::subscribe(*peer, channel) : test::unsubscribe(*peer, channel);
    if (i > 1) {
      window.add(std::move(pending));
    } else {
      const Outcome last = test::wait(std::move(pending));
      EXPECT_TRUE(last.ok()) << last.code.message() << ": " << last.detail;
    }
  }
}

}  // namespace

void accepts_an_unsubscribe_of_nothing(Trial& trial) {
  const auto peer = trial.peer();
  const std::string alice = trial.channel("alice");
  EXPECT_TRUE(peer->unsubscribe(alice).ok());
  EXPECT_TRUE(peer->unsubscribe(alice).ok());
  ASSERT_TRUE(peer->subscribe(alice).ok());
  trial.settle();
  trial.expect_receivers(peer->publish(alice, "still works"), 1);
  EXPECT_TRUE(peer->wait_payloads(alice, 1));
}

void ends_where_the_last_of_many_flaps_says(Trial& trial) {
  constexpr int kFlaps = 10'000;
  const auto peer = trial.peer();
  const std::string stays = trial.channel("stays");
  const std::string goes = trial.channel("goes");
  flap(*peer, stays, kFlaps + 1, true);
  flap(*peer, goes, kFlaps, false);
  trial.settle();
  trial.expect_receivers(peer->publish(goes, "never"), 0);
  trial.expect_receivers(peer->publish(stays, "here"), 1);
  ASSERT_TRUE(peer->wait_payloads(stays, 1));
  EXPECT_TRUE(peer->payloads(goes).empty());
}

}  // namespace signalbox::conformance
