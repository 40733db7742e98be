// The numbers that an instance counts, and their text for Prometheus.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "signalbox/broker.hpp"

namespace signalbox {

/// Threading: any thread. What shards count per message is added up by the shard and counted once a turn.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A value that goes up and down.
class Gauge {
 public:
  void add(std::int64_t amount) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Durations from 50 µs to 10 s, in steps of about 2.
class DurationHistogram {
 public:
  static constexpr std::array<double, 17> kBoundsSeconds{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                         0.05,    0.1,    0.25,    0.5,    1,     2.5,    5,     10};
  void observe(std::chrono::microseconds duration) noexcept;

  [[nodiscard]] std::uint64_t bucket(std::size_t index) const noexcept { return buckets_[index].value(); }  ///< not cumulative
  [[nodiscard]] double sum_seconds() const noexcept { return static_cast<double>(sum_us_.value()) / 1e6; }

 private:
  std::array<Counter, kBoundsSeconds.size() + 1> buckets_;
  Counter sum_us_;
};

/// Why a message was dropped: the label of signalbox_dropped_total.
enum class Dropped : std::uint8_t {
  connection,    ///< the connection's queue was full, or it closed with messages waiting
  handover,      ///< limits.handover_bytes
  oversize,      ///< a foreign message larger than limits.message_bytes
  unknown_kind,  ///< an envelope of a later version
  duplicate,     ///< seen before
  no_receiver,   ///< the user left while the message was on its way
};
inline constexpr std::array kDroppedNames{"connection", "handover", "oversize", "unknown_kind", "duplicate", "no_receiver"};

/// Which limit a client was refused for: the label of signalbox_refused_total.
enum class Refused : std::uint8_t { connections, connections_per_ip, connections_per_user, memory };
inline constexpr std::array kRefusedNames{"connections", "connections_per_ip", "connections_per_user", "memory"};

class Metrics {
 public:
  Gauge connections;
  Counter registrations;
  Counter ignored_messages;  ///< of registered clients, meaning nothing here
  Counter delivered;         ///< messages put into a connection's queue
  std::array<Counter, kDroppedNames.size()> dropped;
  std::array<Counter, kRefusedNames.size()> refused;
  Counter gaps;
  Counter broker_reconnects;
  Gauge connection_queue_bytes;
  Gauge inbound_queue_bytes;  ///< of messages that are not complete
  Gauge handover_queue_bytes;
  DurationHistogram publish_seconds;
  DurationHistogram delivery_lag_seconds;

  void drop(Dropped why, std::uint64_t amount = 1) noexcept { dropped[static_cast<std::size_t>(why)].add(amount); }
  void refuse(Refused limit) noexcept { refused[static_cast<std::size_t>(limit)].add(); }
  void published(bool to_somebody, const std::error_code& error) noexcept;
  void closed(std::uint16_t code) noexcept;

  /// What is not counted but asked for when the text is made.
  struct Snapshot {
    std::uint64_t users = 0;
    State broker_state = State::connecting;
    std::uint64_t log_lines_dropped = 0;
  };
  /// The text exposition format of Prometheus.
  [[nodiscard]] std::string text(const Snapshot& snapshot) const;

 private:
  static constexpr std::size_t kResults = 12;     ///< delivered, not_connected, ten errors
  static constexpr std::size_t kCloseCodes = 32;  ///< 1000–1015, then 4000–4014, then any other
  std::array<Counter, kResults> published_;
  std::array<Counter, kCloseCodes> closes_;
};

}  // namespace signalbox
