// A broker with the host it speaks to.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "signalbox/settings.hpp"

#include "tests/support/broker_calls.hpp"
#include "tests/support/recording_host.hpp"

namespace signalbox::test {

using Values = std::vector<std::pair<std::string, std::string>>;

/// Started; stops at the end of its life, if it has not been stopped and destroyed before.
template <class Kind>
class BrokerInstance {
 public:
  explicit BrokerInstance(Settings settings, const std::string& instance = "test-1", milliseconds call_timeout = 2000ms,
                          const std::string& prefix = "")
      : host(instance, prefix) {
    host.mutable_info().call_timeout = call_timeout;
    broker = std::make_unique<Kind>(std::move(settings));
    broker->start(host);
  }
  ~BrokerInstance() {
    if (broker) broker->stop(std::chrono::seconds(5));
  }

  Kind& operator*() const { return *broker; }

  [[nodiscard]] std::string reason() { return host.snapshot().reason; }
  bool wait_ready(milliseconds limit = kPatience) { return host.wait_state(State::ready, limit); }
  /// Waits until it is in `state` for a reason that begins with `begin` and holds `words`.
  bool wait_reason(State state, const std::string& begin, const std::string& words = {}, milliseconds limit = kPatience) {
    return host.wait(
        [&](const RecordingHost::Snapshot& seen) {
          return !seen.states.empty() && seen.states.back() == state && seen.reason.starts_with(begin) &&
                 seen.reason.find(words) != std::string::npos;
        },
        limit);
  }
  /// It has left ready and is there again, which a gap went before.
  bool wait_back(milliseconds limit = kPatience) {
    return host.wait(
        [](const RecordingHost::Snapshot& seen) {
          const std::size_t count = seen.events.size();
          return count >= 2 && seen.events[count - 1] == "state ready" && seen.events[count - 2] == "gap";
        },
        limit);
  }
  /// Subscribes to all of them at once and waits for the answers, which it keeps nothing of: how many are confirmed. One that
  /// missed its deadline is held nevertheless.
  std::size_t subscribe_all(const std::vector<std::string>& channels) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(channels.size());
    const auto confirmed = std::make_shared<std::atomic<std::size_t>>(0);
    for (const std::string& channel : channels) {
      broker->subscribe(channel, [left, confirmed](const Status& status) {
        *confirmed += status.ok() ? 1U : 0U;
        --*left;
      });
    }
    EXPECT_TRUE(wait_until([&] { return *left == 0; }, 60s)) << "calls did not complete";
    return *confirmed;
  }
  /// What a caller can do with it: a message to a channel of its own comes back.
  void expect_serves(const std::string& channel = "alice") {
    EXPECT_TRUE(wait(subscribe(*broker, channel)).ok());
    const Outcome outcome = wait(publish(*broker, channel, "hi"));
    EXPECT_TRUE(outcome.ok()) << outcome.detail;
    EXPECT_EQ(outcome.receivers.count, 1U);
    EXPECT_TRUE(wait(exists(*broker, channel)).exists);
    EXPECT_TRUE(host.wait([&](const RecordingHost::Snapshot& seen) {
      return std::find(seen.delivered.begin(), seen.delivered.end(), RecordingHost::Delivered(channel, "hi")) !=
             seen.delivered.end();
    }));
  }

  RecordingHost host;
  std::unique_ptr<Kind> broker;
};

/// "user0", "user1", …
inline std::vector<std::string> numbered_channels(std::size_t count) {
  std::vector<std::string> channels;
  channels.reserve(count);
  for (std::size_t i = 0; i < count; ++i) channels.push_back("user" + std::to_string(i));
  return channels;
}

}  // namespace signalbox::test
