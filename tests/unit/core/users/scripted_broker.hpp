// A broker that does nothing by itself: it writes each call down, and the test completes it when and how it likes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "signalbox/broker.hpp"

namespace signalbox::test {

/// Threading: one thread.
class ScriptedBroker final : public Broker {
 public:
  struct Published {
    std::string channel;
    std::string payload;
  };

  void start(Host&) override {}
  void subscribe(std::string_view channel, Done done) override { record("subscribe", channel, std::move(done)); }
  void unsubscribe(std::string_view channel, Done done) override { record("unsubscribe", channel, std::move(done)); }
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override {
    published_.push_back({std::string(channel), std::string(payload)});
    record("publish", channel, std::move(done));
  }
  void exists(std::string_view channel, ExistsDone done) override { record("exists", channel, std::move(done)); }
  [[nodiscard]] Capabilities capabilities() const override { return capabilities_; }
  void stop(std::chrono::milliseconds) override {}

  void set_capabilities(const Capabilities& capabilities) { capabilities_ = capabilities; }

  /// The calls since the last time that this was asked, "VERB CHANNEL" each.
  std::vector<std::string> take_calls() { return std::exchange(calls_, {}); }
  [[nodiscard]] const std::vector<Published>& published() const { return published_; }
  [[nodiscard]] std::size_t open_calls() const { return open_.size(); }

  /// Completes the oldest open call of this verb and channel.
  void subscribed(std::string_view channel, const Status& status = {}) { take<Done>("subscribe", channel)(status); }
  void unsubscribed(std::string_view channel, const Status& status = {}) { take<Done>("unsubscribe", channel)(status); }
  void answer_publish(std::string_view channel, const Status& status, Receivers receivers = {}) {
    take<PublishDone>("publish", channel)(status, receivers);
  }
  void answer_exists(std::string_view channel, const Status& status, bool exists = false) {
    take<ExistsDone>("exists", channel)(status, exists);
  }

 private:
  struct Open {
    std::string call;
    std::variant<Done, PublishDone, ExistsDone> done;
  };

  template <class Callback>
  void record(std::string_view verb, std::string_view channel, Callback done) {
    calls_.push_back(name(verb, channel));
    open_.push_back({calls_.back(), std::move(done)});
  }

  template <class Callback>
  Callback take(std::string_view verb, std::string_view channel) {
    const std::string call = name(verb, channel);
    const auto found = std::find_if(open_.begin(), open_.end(), [&](const Open& open) { return open.call == call; });
    if (found == open_.end()) {
      ADD_FAILURE() << "not in flight: " << call;
      return [](auto&&...) {};
    }
    Callback done = std::get<Callback>(std::move(found->done));
    open_.erase(found);
    return done;
  }

  static std::string name(std::string_view verb, std::string_view channel) {
    return std::string(verb) + " " + std::string(channel);
  }

  Capabilities capabilities_;
  std::vector<std::string> calls_;
  std::vector<Open> open_;
  std::vector<Published> published_;
};

}  // namespace signalbox::test
