// Ends a connection in whose calls a thread hangs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "brokers/nats/time.hpp"

namespace signalbox::nats {

/// Over TLS nats.c waits inside its calls: for a socket that is full, and where the RecordGate can't know that it has to.
/// A socket that is shut down ends that.
class Watchdog {
 public:
  /// How often it looks, and at how many looks in a row a call may be seen: 1 to 1.25 s. Counted in looks, as a machine that
  /// was paused says nothing of a call.
  static constexpr Duration kLook{250};
  static constexpr int kLooks = 4;

  /// Lifetime: the socket stays open until the watchdog is gone. Errors: std::system_error if no thread can be made.
  explicit Watchdog(int socket);
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog();

  /// Threading: one thread.
  template <class Call>
  void watch(Call call) {
    calls_.fetch_add(1, std::memory_order_relaxed);
    call();
    calls_.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  void run();

  const int socket_;
  std::atomic<std::uint64_t> calls_ = 0;  // begun and ended: odd while one is under way
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace signalbox::nats
