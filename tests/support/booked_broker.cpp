#include "tests/support/booked_broker.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "tests/support/broker_calls.hpp"

namespace signalbox::test {
namespace {

constexpr std::size_t kThreads = 4;

std::string outcome_of(const Status& status, Receivers receivers) {
  if (status.ok()) return receivers.count > 0 ? "delivered" : "nobody";
  return std::error_code(status.code).message();
}

}  // namespace

BookedHost::BookedHost(Ledger& ledger, std::string instance, std::string prefix)
    : ledger_(ledger), instance_(std::move(instance)), prefix_(std::move(prefix)) {
  info_.instance_id = instance_;
  info_.channel_prefix = prefix_;
}

void BookedHost::add(const std::string& channel) { clients_[channel] = ledger_.client(instance_, channel, true); }

Ledger::Clock::time_point BookedHost::ready_at() const {
  const std::lock_guard lock(mutex_);
  return ready_at_;
}

std::string BookedHost::reasons() const {
  const std::lock_guard lock(mutex_);
  return reasons_;
}

void BookedHost::deliver(std::span<const Message> messages) noexcept {
  for (const Message& message : messages) {
    if (const auto client = clients_.find(message.channel); client != clients_.end()) {
      ledger_.received(client->second, message.payload);
    }
  }
}

void BookedHost::gap(std::span<const std::string_view> channels, std::string_view reason) noexcept {
  ++gaps_;
  for (const auto& [channel, client] : clients_) {
    if (channels.empty() || std::find(channels.begin(), channels.end(), channel) != channels.end()) {
      ledger_.gap(client, std::string(reason));
    }
  }
}

void BookedHost::state(State state, std::span<const std::string_view> reasons) noexcept {
  const std::lock_guard lock(mutex_);
  if (state == State::ready) ready_at_ = Ledger::Clock::now();
  ready_ = state == State::ready;
  reasons_.clear();
  for (const std::string_view reason : reasons) reasons_ += std::string(reason) + "; ";
}

BrokerUnderLoad::BrokerUnderLoad(const Make& make, std::size_t channels, std::size_t rate)
    : holder_(ledger_, "holder", "load:"),
      publisher_(ledger_, "publisher", "load:"),
      holding_(make()),
      publishing_(make()),
      pause_(std::chrono::nanoseconds(std::chrono::seconds(kThreads)) / rate) {
  for (std::size_t i = 0; i < channels; ++i) channels_.push_back("load:user" + std::to_string(i));
  for (const std::string& channel : channels_) holder_.add(channel);
  holding_->start(holder_);
  publishing_->start(publisher_);
  if (!wait_until([&] { return both_ready(); }, 20s)) throw std::runtime_error("not ready: " + reasons());
  std::vector<Pending> calls;
  for (const std::string& channel : channels_) calls.push_back(subscribe(*holding_, channel));
  for (std::size_t i = 0; i < channels; ++i) {
    // On a loaded machine one may miss its deadline.
    const auto again = [&] { return wait(subscribe(*holding_, channels_[i])).ok(); };
    if (!wait(std::move(calls[i])).ok() && !wait_until(again)) throw std::runtime_error("not subscribed");
    holder_.registered(channels_[i]);
  }
  begun_at_ = Ledger::Clock::now();
  for (std::size_t thread = 0; thread < kThreads; ++thread) threads_.emplace_back([this, thread] { run(thread); });
}

BrokerUnderLoad::~BrokerUnderLoad() {
  end_load();
  publishing_->stop(5s);
  holding_->stop(5s);
}

void BrokerUnderLoad::end_load() {
  if (stop_.exchange(true)) return;
  ended_at_ = Ledger::Clock::now();
  for (std::thread& thread : threads_) thread.join();
  for (std::ptrdiff_t i = 0; i < kMostOpen; ++i) {
    if (room_.try_acquire_for(scaled(15s))) continue;
    ADD_FAILURE() << kMostOpen - i << " publishes did not complete";
    return;
  }
}

void BrokerUnderLoad::run(std::size_t thread) {
  const std::string source = "thread " + std::to_string(thread);
  auto due = Ledger::Clock::now();
  for (std::size_t turn = thread; !stop_; turn += kThreads) {
    while (!room_.try_acquire_for(10ms)) {
      if (stop_) return;
    }
    publish(source, channels_[turn % channels_.size()]);
    due = std::max(due + pause_, Ledger::Clock::now() - std::chrono::milliseconds(50));  // never more than a little behind
    std::this_thread::sleep_until(due);
  }
}

void BrokerUnderLoad::publish(const std::string& source, const std::string& channel) {
  const Ledger::Id message = ledger_.begin(source, channel);
  publishing_->publish(channel, Ledger::payload(message), [this, message](const Status& status, Receivers receivers) {
    ledger_.end(message, outcome_of(status, receivers));
    room_.release();
  });
}

void BrokerUnderLoad::fault() {
  fault_at_ = Ledger::Clock::now();
  ledger_.fault();
}

bool BrokerUnderLoad::wait_recovered(milliseconds within) {
  const auto ready_since = [&](const BookedHost& host) { return host.ready() && host.ready_at() > fault_at_; };
  return wait_until([&] { return ready_since(holder_) && ready_since(publisher_); }, within) && wait_delivered(500, 20s);
}

bool BrokerUnderLoad::wait_delivered(std::size_t count, milliseconds within) {
  const std::size_t before = ledger_.answered("delivered");
  return wait_until([&] { return ledger_.answered("delivered") >= before + count; }, within);
}

std::vector<std::string> BrokerUnderLoad::lies() {
  end_load();
  wait_until([&] { return ledger_.lies().empty(); }, 2s);  // what is still on its way
  return ledger_.lies();
}

std::string BrokerUnderLoad::figures() const {
  const auto ready = std::chrono::duration_cast<milliseconds>(std::max(holder_.ready_at(), publisher_.ready_at()) - fault_at_);
  std::string text = ready.count() < 0 ? "ready throughout" : "ready " + std::to_string(ready.count()) + " ms after the fault";
  const auto seconds = std::chrono::duration<double>((stop_ ? ended_at_ : Ledger::Clock::now()) - begun_at_).count();
  text += "; " + std::to_string(ledger_.sent()) + " sent, " +
          std::to_string(std::lround(static_cast<double>(ledger_.sent()) / seconds)) + " a second";
  for (const auto& [outcome, count] : ledger_.all_outcomes())
    text += ", " + std::to_string(count) + " " + (outcome.empty() ? "under way" : outcome);
  return text + "; " + std::to_string(ledger_.lost()) + " delivered and lost; " + std::to_string(ledger_.gap_count("holder")) +
         " gap events on " + std::to_string(channels_.size()) + " channels";
}

}  // namespace signalbox::test
