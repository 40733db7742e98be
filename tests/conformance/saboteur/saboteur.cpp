#include "tests/conformance/saboteur/saboteur.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include <unistd.h>

#include "signalbox/plugin.hpp"

namespace signalbox::conformance {
namespace {

Settings redis_settings(const Settings& settings) { return Settings({{"url", settings.text("url")}}); }

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

}  // namespace

Saboteur::Saboteur(const Settings& settings) : fault_(settings.text("fault")), broker_(redis_settings(settings)) {
  if (breaks("crashes while it is made")) std::abort();
}

Saboteur::~Saboteur() {
  if (late_.joinable()) late_.join();
}

void Saboteur::start(Host& host) {
  host_ = &host;
  broker_.start(*this);
}

std::string Saboteur::outer(std::string_view channel) const {
  return breaks("ignores case") ? lower(channel) : std::string(channel);
}

template <class Action>
void Saboteur::soon(Action action) {
  const std::lock_guard lock(mutex_);
  threads_.emplace_back(std::move(action));
}

void Saboteur::subscribe(std::string_view channel, Done done) {
  if (breaks("crashes on a NUL") && channel.find('\0') != std::string_view::npos) std::abort();
  if (breaks("hangs in a subscribe")) pause();
  if (breaks("completes inside the call")) return done({});
  if (breaks("confirms before the server") && channel.size() <= 768 && !channel.empty()) {
    broker_.subscribe(channel, [](const Status&) {});
    soon([done = std::move(done)]() mutable { done({}); });
    return;
  }
  if (breaks("forgets what is asked in an outage") && !ready_) {
    soon([done = std::move(done)]() mutable { done({errc::unavailable, "away"}); });
    return;
  }
  broker_.subscribe(outer(channel), std::move(done));
}

void Saboteur::unsubscribe(std::string_view channel, Done done) {
  if (breaks("keeps what was unsubscribed"))
    return broker_.exists(channel, [done = std::move(done)](const Status&, bool) mutable { done({}); });
  if (breaks("completes twice")) {
    // Through the C ABI a second completion is harmless; without it, it is a use after the end.
    auto twice = std::make_shared<Done>(std::move(done));
    return broker_.unsubscribe(channel, [twice](const Status& status) {
      (*twice)(status);
      (*twice)(status);
    });
  }
  broker_.unsubscribe(outer(channel), std::move(done));
}

void Saboteur::send_kept() {
  const std::lock_guard lock(mutex_);
  for (const auto& [channel, payload] : std::exchange(kept_, {})) {
    broker_.publish(channel, payload, [](const Status&, Receivers) {});
  }
}

void Saboteur::publish(std::string_view channel, std::string_view payload, PublishDone done) {
  if (breaks("keeps publishes for later") && !ready_) {
    {
      const std::lock_guard lock(mutex_);
      kept_.emplace_back(channel, payload);
    }
    return broker_.publish(channel, payload, std::move(done));
  }
  // Before its next publish, when whoever holds the channel is there again as well.
  if (breaks("keeps publishes for later") && ready_) send_kept();
  if (breaks("sends again")) {
    const std::string name(channel);
    const std::string bytes(payload);
    return broker_.publish(channel, payload,
                           [this, name, bytes, done = std::move(done)](const Status& status, Receivers receivers) mutable {
                             if (status.code == errc::unknown_outcome) {
                               const std::lock_guard lock(mutex_);
                               kept_.emplace_back(name, bytes);
                             }
                             done(status, receivers);
                           });
  }
  if (breaks("takes any payload") && payload.size() > RedisBroker::kPayloadBytes) payload = payload.substr(0, 1);
  if (breaks("blocks when much waits") && ++published_ == 1000) std::this_thread::sleep_for(std::chrono::seconds(1));
  broker_.publish(outer(channel), payload, [this, done = std::move(done)](const Status& status, Receivers receivers) mutable {
    if (breaks("counts one too many")) ++receivers.count;
    if (breaks("calls an unanswered publish refused") && status.code == errc::unknown_outcome)
      return done({errc::unavailable, "away"}, {});
    done(status, receivers);
  });
}

void Saboteur::exists(std::string_view channel, ExistsDone done) {
  if (breaks("never answers exists")) return;
  broker_.exists(outer(channel), [this, done = std::move(done)](const Status& status, bool exists) mutable {
    done(status, exists || (breaks("says that all exist") && status.ok()));
  });
}

Capabilities Saboteur::capabilities() const { return broker_.capabilities(); }

void Saboteur::stop(std::chrono::milliseconds deadline) {
  broker_.stop(deadline);
  for (std::thread& thread : threads_) thread.join();
  if (breaks("calls back after stop")) {
    late_ = std::thread([this] {
      for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        host_->gap({}, "late");
      }
    });
  }
}

void Saboteur::deliver(std::span<const Message> messages) noexcept {
  std::vector<Message> changed(messages.begin(), messages.end());
  if (breaks("cuts the last byte")) {
    for (Message& message : changed) message.payload.remove_suffix(message.payload.empty() ? 0 : 1);
  }
  if (breaks("reverses what one read gave")) std::reverse(changed.begin(), changed.end());
  if (breaks("overlaps callbacks") && !changed.empty()) {
    std::barrier together(2);
    std::thread beside([&] {
      together.arrive_and_wait();
      host_->deliver(changed);
    });
    together.arrive_and_wait();
    host_->deliver(changed);
    beside.join();
    return;
  }
  host_->deliver(changed);
  if (breaks("delivers twice")) host_->deliver(changed);
}

void Saboteur::gap(std::span<const std::string_view> channels, std::string_view reason) noexcept {
  if (!breaks("tells no gap")) host_->gap(channels, reason);
}

void Saboteur::state(State state, std::span<const std::string_view> reasons) noexcept {
  ready_ = state == State::ready;
  if (breaks("is always ready") && state != State::closed) state = State::ready;
  if (breaks("sends again") && ready_) send_kept();
  host_->state(state, reasons);
}

}  // namespace signalbox::conformance

SIGNALBOX_BROKER_PLUGIN(signalbox::conformance::Saboteur, "saboteur", "0", signalbox::conformance::kSaboteurOptions)
