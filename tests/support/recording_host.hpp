// A host that writes down what a broker tells it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

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
    std::vector<std::error_code> refusals;               // why, of each
    std::vector<State> states;                           // in the order they were told
    std::vector<std::string> events;                     // "gap", "state ready", … in order
    std::string reason;                                  // of the latest state
    std::size_t late = 0;                                // calls of any kind after stopped()
    std::size_t overlapping_states = 0;                  // of state(), which may not
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
    const bool alone = !in_state_.exchange(true);
    record([&] {
      if (!alone) ++seen_.overlapping_states;
      seen_.states.push_back(state);
      seen_.events.push_back(std::string("state ") + word(state));
      seen_.reason = reasons.empty() ? "" : std::string(reasons.front());
    });
    in_state_ = false;
  }
  void refused(std::string_view channel, const Status& why) noexcept override {
    record([&] {
      seen_.refused.emplace_back(channel);
      seen_.refusals.push_back(why.code);
    });
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
  std::atomic<bool> in_state_ = false;
};

}  // namespace signalbox::test
