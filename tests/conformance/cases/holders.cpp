// Instances that die or freeze without a word.
#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

/// How long the broker may take to notice that a holder's process has ended.
milliseconds death_notice(const Trial& trial) {
  return trial.capabilities().exists == ExistsKind::replicated ? trial.capabilities().dead_host_bound : 1s;
}

/// Ends the case where the broker does not say how long a dead holder counts.
#define SIGNALBOX_NEEDS_BOUND(trial)                                          \
  if (death_notice(trial) == milliseconds::max()) {                           \
    GTEST_SKIP() << "states no bound for how long a dead instance may count"; \
  }

/// Waits until exists() says no. Meanwhile it may say yes or, if it asks the holder itself, that it can't know.
bool becomes_no(const Trial& trial, const Peer& asker, const std::string& channel, milliseconds within) {
  return test::wait_until(
      [&] {
        const Outcome outcome = asker.exists(channel);
        const bool may_not_know = trial.capabilities().exists != ExistsKind::authoritative && outcome.code == errc::unavailable;
        EXPECT_TRUE(outcome.ok() || may_not_know) << outcome.code.message() << ": " << outcome.detail;
        return outcome.ok() && !outcome.exists;
      },
      within);
}

}  // namespace

void forgets_a_holder_that_was_killed(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::separate);
  const auto asker = trial.peer();
  if (trial.capabilities().exists == ExistsKind::unsupported)
    GTEST_SKIP() << "states that it can't tell whether a channel exists";
  SIGNALBOX_NEEDS_BOUND(trial);
  const std::string alice = trial.channel("alice");
  EXPECT_TRUE(test::keeps_bound([&] {
    const auto holder = trial.hold({alice});
    trial.expect_exists(asker->exists(alice), true);
    holder->kill();
    return becomes_no(trial, *asker, alice, death_notice(trial));
  }));
  trial.expect_receivers(asker->publish(alice, "too late"), 0);
}

void speaks_the_truth_about_a_frozen_holder(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::separate);
  const auto asker = trial.peer();
  SIGNALBOX_NEEDS_BOUND(trial);
  const std::string alice = trial.channel("alice");
  const auto holder = trial.hold({alice});
  holder->freeze();
  switch (trial.capabilities().exists) {
    case ExistsKind::unsupported: trial.expect_exists(asker->exists(alice), false); break;
    // The subscription stands: that the process does not run is beyond what the server can know.
    case ExistsKind::authoritative: trial.expect_exists(asker->exists(alice), true); break;
    case ExistsKind::probed: EXPECT_EQ(asker->exists(alice).code, errc::unavailable); break;
    case ExistsKind::replicated: EXPECT_TRUE(becomes_no(trial, *asker, alice, death_notice(trial))); break;
  }
  holder->thaw();
  if (trial.capabilities().exists == ExistsKind::unsupported) return;
  EXPECT_TRUE(test::wait_until([&] { return asker->exists(alice).exists; }));
}

void forgets_what_a_restarted_holder_did_not_take_again(Trial& trial) {
  SIGNALBOX_NEEDS(trial, Control::separate);
  const auto asker = trial.peer();
  if (trial.capabilities().exists == ExistsKind::unsupported)
    GTEST_SKIP() << "states that it can't tell whether a channel exists";
  SIGNALBOX_NEEDS_BOUND(trial);
  const std::string alice = trial.channel("alice");
  const std::string bob = trial.channel("bob");
  // The same instance, by its name.
  const auto before = trial.hold({alice, bob}, "holder");
  before->kill();
  const auto after = trial.hold({bob}, "holder");
  EXPECT_TRUE(becomes_no(trial, *asker, alice, death_notice(trial)));
  trial.expect_exists(asker->exists(bob), true);
}

}  // namespace signalbox::conformance
