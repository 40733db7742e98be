#include "core/delivery/publisher.hpp"

#include <random>
#include <utility>

namespace signalbox {
namespace {

constexpr std::string_view kDisconnect = "disconnect ";

std::uint64_t random_id() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Whether publish() itself tells that nobody got the message.
bool answers_exists(Precision precision) { return precision == Precision::exact || precision == Precision::at_least; }

}  // namespace

std::string control_channel(std::string_view channel_prefix) {
  return std::string(channel_prefix) +
         "\x01"
         "control";
}

std::string disconnect_order(std::string_view user_key) { return std::string(kDisconnect).append(user_key); }

std::string_view read_disconnect_order(std::string_view payload) noexcept {
  return payload.starts_with(kDisconnect) ? payload.substr(kDisconnect.size()) : std::string_view();
}

Publisher::Publisher(Broker& broker, Metrics& metrics, std::string channel_prefix)
    : broker_(broker), metrics_(metrics), prefix_(std::move(channel_prefix)), id_(random_id()) {}

std::string Publisher::seal(Kind kind, std::string_view payload) {
  return encode_envelope(kind, id_, sequence_.fetch_add(1, std::memory_order_relaxed), now_us(), payload);
}

void Publisher::publish(std::string_view user_key, Kind kind, std::string_view payload, PublishResultDone done) {
  const std::string channel = prefix_ + std::string(user_key);
  if (answers_exists(broker_.capabilities().receivers)) {
    send(channel, {seal(kind, payload), Clock::now(), std::move(done)});
  } else {
    ask_first(channel, {seal(kind, payload), Clock::now(), std::move(done)});
  }
}

void Publisher::send(std::string_view channel, Waiting message) {
  broker_.publish(
      channel, message.bytes,
      [this, began = message.began, done = std::move(message.done)](const Status& status, Receivers receivers) mutable {
        // Asked before it was published, a message to a channel that exists counts as delivered without a
        // count to prove it.
        const bool delivered = status.ok() && (!answers_exists(receivers.precision) || receivers.count > 0);
        finish(began, done, {status, delivered, receivers});
      });
}

void Publisher::finish(Clock::time_point began, PublishResultDone& done, const PublishResult& result) {
  metrics_.published(result.delivered, result.status.code);
  metrics_.publish_seconds.observe(std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began));
  done(result);
}

void Publisher::ask_first(const std::string& channel, Waiting waiting) {
  {
    std::unique_lock lock(mutex_);
    if (waiting_bytes_ + waiting.bytes.size() > kWaitingBytes) {
      lock.unlock();
      // Refused on the broker's thread, as every completion: its exists() is asked for nothing but that.
      broker_.exists(channel, [this, waiting = std::move(waiting)](const Status&, bool) mutable {
        finish(waiting.began, waiting.done, {{errc::overloaded, "too many publishes wait for exists"}, false, {}});
      });
      return;
    }
    waiting_bytes_ += waiting.bytes.size();
    Line& line = lines_[channel];
    line.push_back(std::move(waiting));
    if (line.size() > 1) return;
  }
  ask(channel);
}

void Publisher::ask(const std::string& channel) {
  broker_.exists(channel, [this, channel](const Status& status, bool exists) { on_exists(channel, status, exists); });
}

void Publisher::on_exists(const std::string& channel, const Status& status, bool exists) {
  // The answer holds for the first in line only: who came later asked later.
  std::unique_lock lock(mutex_);
  Waiting first = std::move(lines_.find(channel)->second.front());
  waiting_bytes_ -= first.bytes.size();
  lock.unlock();
  if (status.ok() && exists) {
    send(channel, std::move(first));
  } else {
    finish(first.began, first.done, {status, false, {}});
  }
  lock.lock();
  const auto line = lines_.find(channel);
  line->second.pop_front();
  if (status.code == errc::closed) {
    // No verb is called on a broker that has stopped: the whole line ends with the same answer.
    Line rest = std::move(line->second);
    lines_.erase(line);
    for (const Waiting& waiting : rest) waiting_bytes_ -= waiting.bytes.size();
    lock.unlock();
    for (Waiting& waiting : rest) finish(waiting.began, waiting.done, {status, false, {}});
    return;
  }
  const bool more = !line->second.empty();
  if (!more) lines_.erase(line);
  lock.unlock();
  if (more) ask(channel);
}

void Publisher::exists(std::string_view user_key, ExistsDone done) {
  broker_.exists(prefix_ + std::string(user_key), std::move(done));
}

void Publisher::disconnect(std::string_view user_key, Done done) {
  broker_.publish(control_channel(prefix_), seal(Kind::control, disconnect_order(user_key)),
                  [done = std::move(done)](const Status& status, Receivers) mutable { done(status); });
}

}  // namespace signalbox
