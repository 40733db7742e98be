// One run of one case: the brokers it makes, the proxy between them and the server, the processes beside it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "signalbox/broker.hpp"

#include "tests/conformance/backend.hpp"
#include "tests/conformance/subject.hpp"
#include "tests/support/broker_calls.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/fault_proxy.hpp"
#include "tests/support/process.hpp"
#include "tests/support/recording_host.hpp"

namespace signalbox::conformance {

using test::kPatience;
using test::milliseconds;
using test::Outcome;
using test::Pending;
using test::RecordingHost;
using test::scaled;
using namespace std::chrono_literals;

struct PeerOptions {
  Values values;  ///< on top of the backend's
  bool through_proxy = false;
  milliseconds call_timeout = scaled(2s);
  bool wait_ready = true;  ///< else it may still be connecting when peer() returns
};

/// What has been told so far: what comes after it is new.
struct Moment {
  std::size_t states;
  std::size_t gaps;
};

/// A started broker with a host of its own: what one instance is to the broker.
///
/// Threading: any thread, once constructed. The calls here wait for their completion; test::subscribe(*peer, …) and its like
/// don't.
class Peer {
 public:
  Peer(std::shared_ptr<RecordingHost> host, std::unique_ptr<Broker> broker) noexcept
      : host_(std::move(host)), broker_(std::move(broker)) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() { stop(); }

  [[nodiscard]] Broker& operator*() const { return *broker_; }
  [[nodiscard]] RecordingHost& host() const { return *host_; }

  Outcome subscribe(std::string_view channel) const { return test::wait(test::subscribe(*broker_, channel)); }
  Outcome unsubscribe(std::string_view channel) const { return test::wait(test::unsubscribe(*broker_, channel)); }
  Outcome publish(std::string_view channel, std::string_view payload) const {
    return test::wait(test::publish(*broker_, channel, payload));
  }
  Outcome exists(std::string_view channel) const { return test::wait(test::exists(*broker_, channel)); }

  /// The payloads delivered to `channel` so far, in order.
  [[nodiscard]] std::vector<std::string> payloads(std::string_view channel) const;
  /// Waits until as many payloads have come to `channel`; false if they don't.
  [[nodiscard]] bool wait_payloads(std::string_view channel, std::size_t count, milliseconds within = kPatience) const;

  [[nodiscard]] Moment moment() const;
  /// Waits until it has told, since then, that it is not ready.
  [[nodiscard]] bool wait_not_ready(const Moment& since, milliseconds within = kPatience) const;
  /// Waits until it has told, since then, that it is not ready and then that it is.
  [[nodiscard]] bool wait_recovered(const Moment& since, milliseconds within) const;
  /// Ready since it first was, and no gap told: nothing has upset the link.
  [[nodiscard]] bool undisturbed() const;

  /// Once; later calls do nothing. The host stays for questions.
  void stop(milliseconds deadline = 5s);
  [[nodiscard]] bool stopped() const noexcept { return stopped_; }

 private:
  std::shared_ptr<RecordingHost> host_;
  std::unique_ptr<Broker> broker_;
  bool stopped_ = false;
};

/// Another process of this program that holds channels (hold_channels() in child.hpp).
struct HolderCommand {
  std::vector<std::string> line;  ///< the program and its arguments up to the subject
};

class Trial {
 public:
  Trial(const Subject& subject, Backend& backend, HolderCommand holder);
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  [[nodiscard]] const Subject& subject() const noexcept { return subject_; }
  [[nodiscard]] Backend& backend() const noexcept { return backend_; }
  /// PREFIX + name: what this run's channels look like, so that runs on one server don't meet.
  [[nodiscard]] std::string channel(std::string_view name) const { return prefix_ + std::string(name); }
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

  /// Fails the case if it does not become ready. Lifetime: shorter than the trial's.
  [[nodiscard]] std::unique_ptr<Peer> peer(PeerOptions options = {});
  /// One whose link the proxy can break. Needs Control::link.
  [[nodiscard]] std::unique_ptr<Peer> peer_through_proxy();
  /// Between the server and the peers that ask for it. Needs Control::link.
  [[nodiscard]] test::FaultProxy& proxy();
  /// A process that holds `channels`, confirmed, as the instance of that name. Needs Control::separate.
  [[nodiscard]] std::unique_ptr<test::Process> hold(const std::vector<std::string>& channels,
                                                    const std::string& instance = "holder");

  /// Of the first peer that became ready.
  [[nodiscard]] const Capabilities& capabilities() const noexcept { return capabilities_; }
  /// Waits as long as the broker says that a subscribe takes to be seen elsewhere: not at all for most.
  void settle() const;

  /// The outcome of a publish to a channel that `holders` peers hold, as exactly as the broker promises to count.
  void expect_receivers(const Outcome& outcome, std::size_t holders) const;
  /// Once the case is over and its peers are gone: none of them has called its host late, or broken a rule that the C ABI's
  /// host side makes good and reports.
  void expect_clean_hosts() const;
  /// The answer to exists(): yes or no; nothing but `unsupported` from a broker that can't tell.
  void expect_exists(const Outcome& outcome, bool exists) const;

 private:
  const Subject& subject_;
  Backend& backend_;
  HolderCommand holder_;
  std::vector<std::shared_ptr<RecordingHost>> hosts_;
  std::string prefix_;  // of this run alone, also on a server that remembers others
  std::unique_ptr<test::FaultProxy> proxy_;
  Capabilities capabilities_;
  bool was_ready_ = false;
  int made_ = 0;
};

}  // namespace signalbox::conformance

/// Ends the case as not applicable where the server can't be treated like this; the report gives the reason.
#define SIGNALBOX_NEEDS(trial, control) \
  if (const std::string why = (trial).backend().lacks(control); !why.empty()) GTEST_SKIP() << why
