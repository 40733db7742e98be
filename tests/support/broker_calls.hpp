// The four verbs as calls that wait, made the hard way.
#pragma once

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "signalbox/broker.hpp"

#include "tests/support/deadline.hpp"

namespace signalbox::test {

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

/// True on a thread that is inside a verb.
inline thread_local bool inside_verb = false;

/// Where a callback puts what it was given. A second time throws.
class Answer {
 public:
  [[nodiscard]] Pending pending() { return promise_.get_future(); }
  void give(const Status& status, Receivers receivers = {}, bool exists = false) {
    if (inside_verb) ADD_FAILURE() << "a callback came inside the calling stack";
    promise_.set_value({status.code, std::string(status.detail), receivers, exists});
  }

 private:
  std::promise<Outcome> promise_;
};

/// Calls verb(channel, payload, answer). Views live for the call only: what it was given is overwritten once it returns.
template <class Verb>
Pending call(std::string_view channel, std::string_view payload, Verb verb) {
  auto answer = std::make_unique<Answer>();
  Pending pending = answer->pending();
  std::string name(channel);
  std::string bytes(payload);
  const bool outer = std::exchange(inside_verb, true);
  verb(name, bytes, std::move(answer));
  inside_verb = outer;
  std::fill(name.begin(), name.end(), '!');
  std::fill(bytes.begin(), bytes.end(), '!');
  return pending;
}

inline Pending subscribe(Broker& broker, std::string_view channel) {
  return call(channel, {}, [&](std::string_view name, std::string_view, std::unique_ptr<Answer> answer) {
    broker.subscribe(name, [answer = std::move(answer)](const Status& status) { answer->give(status); });
  });
}
inline Pending unsubscribe(Broker& broker, std::string_view channel) {
  return call(channel, {}, [&](std::string_view name, std::string_view, std::unique_ptr<Answer> answer) {
    broker.unsubscribe(name, [answer = std::move(answer)](const Status& status) { answer->give(status); });
  });
}
inline Pending publish(Broker& broker, std::string_view channel, std::string_view payload) {
  return call(channel, payload, [&](std::string_view name, std::string_view bytes, std::unique_ptr<Answer> answer) {
    broker.publish(name, bytes, [answer = std::move(answer)](const Status& status, Receivers receivers) {
      answer->give(status, receivers);
    });
  });
}
inline Pending exists(Broker& broker, std::string_view channel) {
  return call(channel, {}, [&](std::string_view name, std::string_view, std::unique_ptr<Answer> answer) {
    broker.exists(name, [answer = std::move(answer)](const Status& status, bool yes) { answer->give(status, {}, yes); });
  });
}

}  // namespace signalbox::test
