// The rules of callbacks: from which thread, how often, until when.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <utility>

#include "tests/conformance/cases/cases.hpp"
#include "tests/conformance/cases/traffic.hpp"

namespace signalbox::conformance {
namespace {

constexpr std::size_t kChannels = 16;

/// True on a thread that is inside a call of the broker.
thread_local bool inside_call = false;

/// Counts calls and completions, and what breaks the rules.
class Watch {
 public:
  template <class Call>
  void call(Call verb) {
    ++called_;
    const bool outer = std::exchange(inside_call, true);
    verb();
    inside_call = outer;
  }
  /// At the beginning of each completion that may come at any time.
  void completed() {
    ++completed_;
    if (inside_call) ++inside_;
  }
  /// Around what must not overlap for one channel.
  class Section {
   public:
    Section(Watch& watch, std::size_t channel) : watch_(watch), channel_(channel) {
      if (watch_.busy_[channel_].exchange(true)) ++watch_.overlapping_;
    }
    ~Section() { watch_.busy_[channel_] = false; }

   private:
    Watch& watch_;
    std::size_t channel_;
  };

  std::atomic<std::size_t> called_{0};
  std::atomic<std::size_t> completed_{0};
  std::atomic<std::size_t> inside_{0};
  std::atomic<std::size_t> overlapping_{0};
  std::array<std::atomic<bool>, kChannels> busy_{};
};

void subscribe(Watch& watch, Broker& broker, const std::vector<std::string>& channels, std::size_t i, bool on) {
  const auto done = [&watch, i](const Status&) {
    const Watch::Section section(watch, i);
    watch.completed();
  };
  watch.call([&] { on ? broker.subscribe(channels[i], done) : broker.unsubscribe(channels[i], done); });
}

/// Publishes; each completion calls again, `rest` times: calls from inside callbacks.
void publish_chain(Watch& watch, Broker& broker, const std::string& channel, int rest) {
  watch.call([&] {
    broker.publish(channel, "chain", [&watch, &broker, &channel, rest](const Status& status, Receivers) {
      watch.completed();
      if (rest == 0 || status.code == errc::closed) return;
      publish_chain(watch, broker, channel, rest - 1);
    });
  });
}

}  // namespace

void keeps_the_rules_of_callbacks(Trial& trial) {
  const auto peer = trial.peer();
  const auto other = trial.peer();
  const std::vector<std::string> channels = numbered(trial, "user", kChannels);
  Watch watch;
  std::atomic<std::size_t> from_deliver{0};
  peer->host().on_deliver([&](std::span<const Message> messages) {
    if (inside_call) ++watch.inside_;
    for (const Message& message : messages) {
      const auto at = std::find(channels.begin(), channels.end(), message.channel);
      if (at == channels.end()) continue;
      const Watch::Section section(watch, static_cast<std::size_t>(at - channels.begin()));
      if (from_deliver.fetch_add(1) >= 500) continue;
      watch.call([&] { (**peer).exists(message.channel, [&watch](const Status&, bool) { watch.completed(); }); });
    }
  });
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (std::size_t i = 0; i < 500; ++i) {
        const std::size_t channel = (i + caller) % kChannels;
        subscribe(watch, **peer, channels, channel, i % 3 != 0);
        publish_chain(watch, **peer, channels[channel], 3);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(test::wait_until([&] { return watch.completed_ == watch.called_; }));

  // Stopped under load: each call has been answered when stop() returns, and nothing comes behind it.
  for (int i = 0; i < 2000; ++i) {
    watch.call([&] { (**peer).publish(channels[0], "last", [&watch](const Status&, Receivers) { watch.completed(); }); });
  }
  peer->stop();
  EXPECT_EQ(watch.completed_, watch.called_);
  const std::string own = trial.channel("own");
  ASSERT_TRUE(other->subscribe(own).ok());
  for (const std::string& channel : channels) EXPECT_TRUE(other->publish(channel, "nobody").ok());
  trial.settle();
  EXPECT_TRUE(other->publish(own, "marker").ok());
  ASSERT_TRUE(other->wait_payloads(own, 1));
  EXPECT_EQ(watch.completed_, watch.called_) << "a call completed twice";
  EXPECT_EQ(peer->host().snapshot().late, 0u) << "the host was called after stop() had returned";
  EXPECT_EQ(watch.inside_, 0u) << "a callback came inside the calling stack";
  EXPECT_EQ(watch.overlapping_, 0u) << "two callbacks at once for one channel";
}

}  // namespace signalbox::conformance
