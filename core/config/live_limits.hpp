// The limits in force: read by every thread, changed by a reload.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/config/config.hpp"

namespace signalbox {

/// A value that one thread changes while others read it.
template <class T>
class Live {
 public:
  operator T() const noexcept { return value_.load(std::memory_order_relaxed); }  // NOLINT(google-explicit-constructor)
  Live& operator=(T value) noexcept {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }

 private:
  std::atomic<T> value_{};
};

/// Config::Limits but for message_bytes, which needs a restart: the broker's plugin is told when it is made
/// (HostInfo::payload_bytes).
///
/// Threading: any thread. Ordering: none; while set() runs a reader may see some of the old limits and some of the new.
struct LiveLimits {
  explicit LiveLimits(const Config::Limits& limits) noexcept { set(limits); }
  /// In force at once. What is beyond a lower limit already stays: nobody is closed by this, nothing that waits is dropped.
  /// Where more waits than a lower queue_bytes the next message closes the connection; a lower queue_total_bytes comes into
  /// force as less waits (QueueTotal).
  void set(const Config::Limits& limits) noexcept;

  Live<std::size_t> queue_bytes;
  Live<std::size_t> queue_total_bytes;
  Live<std::size_t> handover_bytes;
  Live<std::uint64_t> memory;
  Live<std::uint64_t> connections;
  Live<std::uint64_t> connections_per_ip;
  Live<std::uint64_t> connections_per_user;
  Live<std::uint64_t> messages_per_second;
  Live<std::chrono::milliseconds> handshake_timeout;
  Live<std::chrono::milliseconds> register_timeout;
  Live<std::chrono::milliseconds> ping_interval;
  Live<std::chrono::milliseconds> pong_timeout;
};

inline void LiveLimits::set(const Config::Limits& limits) noexcept {
  queue_bytes = limits.queue_bytes;
  queue_total_bytes = limits.queue_total_bytes;
  handover_bytes = limits.handover_bytes;
  memory = limits.memory;
  connections = limits.connections;
  connections_per_ip = limits.connections_per_ip;
  connections_per_user = limits.connections_per_user;
  messages_per_second = limits.messages_per_second;
  handshake_timeout = limits.handshake_timeout;
  register_timeout = limits.register_timeout;
  ping_interval = limits.ping_interval;
  pong_timeout = limits.pong_timeout;
}

}  // namespace signalbox
