// Attempts to connect, which block, on threads of their own.
#pragma once

#include <functional>
#include <future>
#include <list>
#include <thread>

#include "brokers/nats/time.hpp"

namespace signalbox::nats {

/// Threading: one thread at a time.
class Attempts {
 public:
  Attempts() = default;
  Attempts(const Attempts&) = delete;
  Attempts& operator=(const Attempts&) = delete;
  ~Attempts() { await(Time()); }

  /// Errors: std::system_error if no thread can be made.
  void start(std::function<void()> attempt);
  /// Waits for those under way: where the process exits, OpenSSL is taken from under one that goes on. What is not over by then
  /// is left to itself.
  void await(Time until);

 private:
  struct Attempt {
    std::thread thread;
    std::future<void> ended;
  };

  std::list<Attempt> under_way_;
};

}  // namespace signalbox::nats
