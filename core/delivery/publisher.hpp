// Publish if the user exists: what the back end's step is, on any broker.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "signalbox/broker.hpp"

#include "core/delivery/envelope.hpp"
#include "core/observe/metrics.hpp"

namespace signalbox {

/// What became of one publish. `delivered` false without an error: the user is not connected anywhere, nobody got it.
struct PublishResult {
  Status status;
  bool delivered = false;
  Receivers receivers;
};

using PublishResultDone = UniqueFunction<void(const PublishResult&)>;

/// A PublishResult that outlives the callback that was given it.
struct PublishOutcome {
  explicit PublishOutcome(const PublishResult& result)
      : code(result.status.code), detail(result.status.detail), delivered(result.delivered), receivers(result.receivers) {}

  std::error_code code;
  std::string detail;
  bool delivered;
  Receivers receivers;
};

/// Threading: any thread; never blocks.
/// Lifetime: outlives every completion, that is until Broker::stop() has returned.
class Publisher {
 public:
  /// Messages whose exists() is under way hold at most this many bytes; beyond: `overloaded`.
  static constexpr std::size_t kWaitingBytes = 64 * 1024 * 1024;

  Publisher(Broker& broker, Metrics& metrics, std::string channel_prefix);

  /// Publishes `payload` to the user if the user is connected anywhere, and says whether that was so. Where the broker's
  /// publish can itself tell that nobody got it, question and answer are one step; elsewhere exists() is asked first.
  /// Errors: the broker's; `done` is called once, from a thread of the broker, never from inside this call.
  /// Ordering: calls of one thread for one user reach the broker in call order.
  void publish(std::string_view user_key, Kind kind, std::string_view payload, PublishResultDone done);

  /// Whether the user is connected anywhere.
  void exists(std::string_view user_key, ExistsDone done);

  /// Tells every instance to close the user's connections.
  void disconnect(std::string_view user_key, Done done);

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

 private:
  using Clock = std::chrono::steady_clock;

  struct Waiting {
    std::string bytes;
    Clock::time_point began;
    PublishResultDone done;
  };
  /// The messages of one channel whose exists() is under way, in call order. Never empty while it is in the table.
  using Line = std::deque<Waiting>;

  std::string seal(Kind kind, std::string_view payload);
  void send(std::string_view channel, Waiting message);
  void finish(Clock::time_point began, PublishResultDone& done, const PublishResult& result);
  void ask_first(const std::string& channel, Waiting waiting);
  void ask(const std::string& channel);
  void on_exists(const std::string& channel, const Status& status, bool exists);

  Broker& broker_;
  Metrics& metrics_;
  const std::string prefix_;
  const std::uint64_t id_;
  std::atomic<std::uint64_t> sequence_{0};

  std::mutex mutex_;
  std::unordered_map<std::string, Line> lines_;
  std::size_t waiting_bytes_ = 0;
};

/// The channel that carries orders from instance to instance: PREFIX + 0x01 + "control". No user key holds a control
/// character, so no user can reach it.
std::string control_channel(std::string_view channel_prefix);

/// The order to close a user's connections, as the payload of a control message; and its reading: the user key, or empty.
std::string disconnect_order(std::string_view user_key);
std::string_view read_disconnect_order(std::string_view payload) noexcept;

}  // namespace signalbox
