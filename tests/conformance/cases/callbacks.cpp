// The rules of callbacks: from which thread, how often, until when.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <span>
#include <thread>
#include <utility>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

constexpr std::size_t kChannels = 16;

/// As long as this a callback stays, so that another would meet it; asleep, since on a busy machine the other gets no core
/// else.
constexpr std::chrono::microseconds kStay{50};

/// Counts calls and completions, and what breaks the rules.
class Watch {
 public:
  explicit Watch(std::vector<std::string> channels) : channels_(std::move(channels)) {}

  [[nodiscard]] const std::string& channel(std::size_t i) const { return channels_[i % kChannels]; }

  template <class Call>
  void call(Call verb) {
    ++called_;
    const bool outer = std::exchange(test::inside_verb, true);
    verb();
    test::inside_verb = outer;
  }
  /// The completion of a call made above; `and_then` may call again and counts as part of it.
  template <class Next>
  void complete(Next and_then) {
    if (test::inside_verb) ++inside_;
    and_then();
    ++completed_;
  }
  /// The work of what may not overlap for these channels.
  void occupy(const std::vector<std::size_t>& places) {
    for (const std::size_t place : places) {
      if (busy_[place].exchange(true)) ++overlapping_;
    }
    std::this_thread::sleep_for(kStay);
    for (const std::size_t place : places) busy_[place] = false;
  }
  /// Of the messages of our channels, each place once.
  [[nodiscard]] std::vector<std::size_t> places(std::span<const Message> messages) const {
    std::vector<std::size_t> found;
    for (const Message& message : messages) {
      const auto at = std::find(channels_.begin(), channels_.end(), message.channel);
      if (at != channels_.end()) found.push_back(static_cast<std::size_t>(at - channels_.begin()));
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

  std::atomic<std::size_t> called_{0};
  std::atomic<std::size_t> completed_{0};
  std::atomic<std::size_t> inside_{0};
  std::atomic<std::size_t> overlapping_{0};
  std::atomic<std::size_t> delivered_{0};
  /// No verb may be called once stop() has been.
  std::atomic<bool> stopping_{false};

 private:
  const std::vector<std::string> channels_;
  std::array<std::atomic<bool>, kChannels> busy_{};
};

void ask(Watch& watch, Broker& broker, std::size_t i) {
  if (watch.stopping_) return;
  watch.call([&] { broker.exists(watch.channel(i), [&watch](const Status&, bool) { watch.complete([] {}); }); });
}

/// Asks from inside the completion.
void subscribe(Watch& watch, Broker& broker, std::size_t i, bool on) {
  const auto done = [&watch, &broker, i](const Status&) {
    watch.complete([&] {
      watch.occupy({i % kChannels});
      ask(watch, broker, i);
    });
  };
  watch.call([&] { on ? broker.subscribe(watch.channel(i), done) : broker.unsubscribe(watch.channel(i), done); });
}

/// Publishes; each completion calls again, `rest` times.
void publish_chain(Watch& watch, Broker& broker, std::size_t i, int rest) {
  watch.call([&] {
    broker.publish(watch.channel(i), "chain", [&watch, &broker, i, rest](const Status&, Receivers) {
      watch.complete([&] {
        if (rest > 0) publish_chain(watch, broker, i, rest - 1);
      });
    });
  });
}

/// Four threads, every verb, calls from inside callbacks.
void call_from_everywhere(Watch& watch, Broker& broker) {
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&watch, &broker, caller] {
      for (std::size_t i = 0; i < 500; ++i) {
        subscribe(watch, broker, i + caller, i % 3 != 0);
        publish_chain(watch, broker, i + caller, 3);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(test::wait_until([&] { return watch.completed_ == watch.called_; }));
}

/// Each call has been answered when stop() returns.
void stop_under_load(Watch& watch, Peer& peer) {
  constexpr std::size_t kCalls = 2000;
  std::atomic<std::size_t> answered{0};
  for (std::size_t i = 0; i < kCalls; ++i) {
    watch.call([&] {
      (*peer).publish(watch.channel(0), "last", [&](const Status& status, Receivers) {
        watch.complete([&] {
          const bool expected = !status.code || status.code == errc::closed || status.code == errc::overloaded ||
                                status.code == errc::unavailable || status.code == errc::unknown_outcome;
          EXPECT_TRUE(expected) << status.code.message();
          ++answered;
        });
      });
    });
  }
  watch.stopping_ = true;
  peer.stop();
  EXPECT_EQ(answered, kCalls);
  EXPECT_EQ(watch.completed_, watch.called_);
}

}  // namespace

void keeps_the_rules_of_callbacks(Trial& trial) {
  Watch watch(numbered(trial, "user", kChannels));
  const auto other = trial.peer();
  const auto peer = trial.peer();
  peer->host().on_deliver([&](std::span<const Message> messages) {
    if (test::inside_verb) ++watch.inside_;
    const std::vector<std::size_t> places = watch.places(messages);
    watch.occupy(places);
    if (!places.empty() && watch.delivered_.fetch_add(messages.size()) < 500) ask(watch, **peer, places.front());
  });
  for (std::size_t i = 0; i < kChannels; ++i) ASSERT_TRUE(peer->subscribe(watch.channel(i)).ok());
  trial.settle();
  call_from_everywhere(watch, **peer);
  EXPECT_GT(watch.delivered_, 0u);
  for (std::size_t i = 0; i < kChannels; ++i) ASSERT_TRUE(peer->subscribe(watch.channel(i)).ok());
  stop_under_load(watch, *peer);

  // It has left its channels, and nothing comes behind its end.
  trial.settle();
  for (std::size_t i = 0; i < kChannels; ++i) {
    trial.expect_receivers(other->publish(watch.channel(i), "nobody"), 0);
    trial.expect_exists(other->exists(watch.channel(i)), false);
  }
  const std::string own = trial.channel("own");
  ASSERT_TRUE(other->subscribe(own).ok());
  trial.settle();
  EXPECT_TRUE(other->publish(own, "marker").ok());
  ASSERT_TRUE(other->wait_payloads(own, 1));
  EXPECT_EQ(watch.completed_, watch.called_) << "a call completed twice";
  EXPECT_EQ(peer->host().snapshot().late, 0u) << "the host was called after stop() had returned";
  EXPECT_EQ(watch.inside_, 0u) << "a callback came inside the calling stack";
  EXPECT_EQ(watch.overlapping_, 0u) << "two callbacks at once for one channel";
}

}  // namespace signalbox::conformance
