// The ways a server can be away, by whatever means the backend offers.
#pragma once

#include <string>
#include <utility>

#include "tests/conformance/trial.hpp"

namespace signalbox::conformance {

/// The server is gone and forgets everything: its process, or else every connection to it.
class Outage {
 public:
  explicit Outage(Trial& trial) : trial_(trial), by_process_(trial.backend().lacks(Control::process).empty()) {}

  /// Why there can't be one; empty: there can.
  [[nodiscard]] static std::string lacks(Trial& trial) {
    return trial.backend().lacks(Control::process).empty() ? std::string() : trial.backend().lacks(Control::link);
  }
  /// For every peer that is to notice.
  [[nodiscard]] PeerOptions options() const {
    PeerOptions options;
    options.through_proxy = !by_process_;
    return options;
  }
  void begin() {
    if (by_process_) {
      trial_.backend().stop();
    } else {
      trial_.proxy().refuse(true);
      trial_.proxy().cut();
    }
  }
  void end() {
    if (by_process_) {
      trial_.backend().start();
    } else {
      trial_.proxy().refuse(false);
    }
  }

 private:
  Trial& trial_;
  bool by_process_;
};

/// The server keeps its connections and does nothing: its process is stopped, or else the proxy stalls both ways.
class Freeze {
 public:
  explicit Freeze(Trial& trial) : trial_(trial), by_process_(trial.backend().lacks(Control::frozen).empty()) {}
  ~Freeze() { end(); }

  [[nodiscard]] static std::string lacks(Trial& trial) {
    return trial.backend().lacks(Control::frozen).empty() ? std::string() : trial.backend().lacks(Control::link);
  }
  [[nodiscard]] PeerOptions options() const {
    PeerOptions options;
    options.through_proxy = !by_process_;
    return options;
  }
  void begin() {
    frozen_ = true;
    if (by_process_) {
      trial_.backend().freeze();
    } else {
      trial_.proxy().stall(test::Direction::to_server);
      trial_.proxy().stall(test::Direction::to_client);
    }
  }
  void end() {
    if (!std::exchange(frozen_, false)) return;
    if (by_process_) {
      trial_.backend().thaw();
    } else {
      trial_.proxy().heal();
    }
  }

 private:
  Trial& trial_;
  bool by_process_;
  bool frozen_ = false;
};

/// How soon any broker must have noticed that its link is silent: the slowest allowed is two missed pings of 3 s.
inline constexpr milliseconds kNoticed = 9s;

/// What only an operator can mend may be tried again this slowly.
inline constexpr milliseconds kSlowRetry = 40s;

/// Waits until it is ready again after something that began at `before`, and checks that the gap was told.
inline void expect_recovery(const Trial& trial, const Peer& peer, const Moment& before, milliseconds within = 15s) {
  ASSERT_TRUE(peer.wait_recovered(before, within)) << peer.host().snapshot().reason << "\n" << peer.host().log_text();
  if (!trial.capabilities().continuity) {
    EXPECT_TRUE(peer.host().wait([&](const RecordingHost::Snapshot& seen) { return seen.gaps.size() > before.gaps; }))
        << "no gap was told";
  }
  EXPECT_EQ((*peer).capabilities().receivers, trial.capabilities().receivers) << "what it promises has changed";
  EXPECT_EQ((*peer).capabilities().exists, trial.capabilities().exists) << "what it promises has changed";
  trial.settle();
}

/// A publish was taken, or its caller told that this can't be known. Exact counts come from the server's own answer.
inline void expect_taken(const Trial& trial, const Outcome& outcome) {
  const bool may_not_know = trial.capabilities().receivers != Precision::exact && outcome.code == errc::unknown_outcome;
  EXPECT_TRUE(outcome.ok() || may_not_know) << outcome.code.message() << ": " << outcome.detail;
}

/// A message of `from` reaches `to`, which holds the channel.
inline void expect_round_trip(const Peer& from, const Peer& to, const std::string& channel) {
  const std::size_t before = to.payloads(channel).size();
  const Outcome outcome = from.publish(channel, "round trip");
  EXPECT_TRUE(outcome.ok()) << outcome.code.message() << ": " << outcome.detail;
  EXPECT_TRUE(to.wait_payloads(channel, before + 1)) << to.host().log_text();
}

}  // namespace signalbox::conformance

/// Ends the case as not applicable if there can be no Outage or Freeze.
#define SIGNALBOX_NEEDS_FAULT(trial, Fault) \
  if (const std::string why = Fault::lacks(trial); !why.empty()) GTEST_SKIP() << why
