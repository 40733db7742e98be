// A host that writes down what a broker tells it, and calls that wait for their completion.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "signalbox/broker.hpp"

#include "tests/support/deadline.hpp"

namespace signalbox::test {

/// Threading: any thread.
class RecordingHost final : public Host {
 public:
  using Delivered = std::pair<std::string, std::string>;  // channel, payload
  struct Snapshot {
    std::vector<Delivered> delivered;
    std::vector<std::string> gaps;                       // reasons
    std::vector<std::vector<std::string>> gap_channels;  // of each of them; none: all
    std::vector<std::string> refused;                    // channels
    std::vector<State> states;                           // in the order they were told
    std::vector<std::string> events;                     // "gap", "state ready", … in order
    std::string reason;                                  // of the latest state
    std::size_t late = 0;                                // calls of any kind after stopped()
  };

  explicit RecordingHost(std::string instance = "test-1", std::string prefix = "")
      : instance_(std::move(instance)), prefix_(std::move(prefix)) {
    info_.instance_id = instance_;
    info_.channel_prefix = prefix_;
  }

  HostInfo& mutable_info() { return info_; }
  /// Runs inside each deliver, before it is recorded. To be set before anything is subscribed.
  void on_deliver(std::function<void(std::span<const Message>)> action) { on_deliver_ = std::move(action); }
  /// The broker's stop() has returned: what it calls from now on is late.
  void stopped() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

  [[nodiscard]] const HostInfo& info() const noexcept override { return info_; }
  [[nodiscard]] bool log_enabled(LogLevel) const noexcept override { return true; }
  void log(LogLevel, std::string_view text) noexcept override {
    record([&] { log_ += std::string(text) + "\n"; });
  }
  void deliver(std::span<const Message> messages) noexcept override {
    if (on_deliver_) on_deliver_(messages);
    record([&] {
      for (const Message& message : messages) seen_.delivered.emplace_back(message.channel, message.payload);
    });
  }
  void gap(std::span<const std::string_view> channels, std::string_view reason) noexcept override {
    record([&] {
      seen_.gaps.emplace_back(reason);
      seen_.gap_channels.emplace_back(channels.begin(), channels.end());
      seen_.events.emplace_back("gap");
    });
  }
  void state(State state, std::span<const std::string_view> reasons) noexcept override {
    record([&] {
      seen_.states.push_back(state);
      seen_.events.push_back(std::string("state ") + word(state));
      seen_.reason = reasons.empty() ? "" : std::string(reasons.front());
    });
  }
  void refused(std::string_view channel, const Status&) noexcept override {
    record([&] { seen_.refused.emplace_back(channel); });
  }

  /// True once `condition` holds for what was recorded.
  bool wait(const std::function<bool(const Snapshot&)>& condition, milliseconds limit = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, scaled(limit), [&] { return condition(seen_); });
  }
  bool wait_state(State state, milliseconds limit = kPatience) {
    return wait([state](const Snapshot& seen) { return !seen.states.empty() && seen.states.back() == state; }, limit);
  }
  bool wait_delivered(std::size_t count, milliseconds limit = kPatience) {
    return wait([count](const Snapshot& seen) { return seen.delivered.size() >= count; }, limit);
  }
  Snapshot snapshot() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::string log_text() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

 private:
  template <class Change>
  void record(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    if (stopped_) ++seen_.late;
    changed_.notify_all();
  }

  std::string instance_;
  std::string prefix_;
  HostInfo info_;
  std::function<void(std::span<const Message>)> on_deliver_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Snapshot seen_;
  std::string log_;
  bool stopped_ = false;
};

/// The outcome of one call, with what its callback was given copied.
struct Outcome {
  std::error_code code;
  std::string detail;
  Receivers receivers;
  bool exists = false;

  [[nodiscard]] bool ok() const { return !code; }
};

using Pending = std::future<Outcome>;

inline Outcome wait(Pending pending) {
  if (pending.wait_for(scaled(15s)) != std::future_status::ready) {
    ADD_FAILURE() << "a call did not complete";
    return {errc::internal, "no completion", {}, false};
  }
  return pending.get();
}

inline Pending subscribe(Broker& broker, std::string_view channel) {
  auto promise = std::make_unique<std::promise<Outcome>>();
  Pending pending = promise->get_future();
  broker.subscribe(
      channel, [promise = std::move(promise)](Status s) { promise->set_value({s.code, std::string(s.detail), {}, false}); });
  return pending;
}
inline Pending unsubscribe(Broker& broker, std::string_view channel) {
  auto promise = std::make_unique<std::promise<Outcome>>();
  Pending pending = promise->get_future();
  broker.unsubscribe(
      channel, [promise = std::move(promise)](Status s) { promise->set_value({s.code, std::string(s.detail), {}, false}); });
  return pending;
}
inline Pending publish(Broker& broker, std::string_view channel, std::string_view payload) {
  auto promise = std::make_unique<std::promise<Outcome>>();
  Pending pending = promise->get_future();
  broker.publish(channel, payload, [promise = std::move(promise)](Status s, Receivers receivers) {
    promise->set_value({s.code, std::string(s.detail), receivers, false});
  });
  return pending;
}
inline Pending exists(Broker& broker, std::string_view channel) {
  auto promise = std::make_unique<std::promise<Outcome>>();
  Pending pending = promise->get_future();
  broker.exists(channel, [promise = std::move(promise)](Status s, bool yes) {
    promise->set_value({s.code, std::string(s.detail), {}, yes});
  });
  return pending;
}

}  // namespace signalbox::test
