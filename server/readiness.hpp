// Whether a load balancer should send clients here.
#pragma once

#include <atomic>
#include <string>

#include "core/delivery/broker_host.hpp"

namespace signalbox {

/// Threading: any thread.
class Readiness {
 public:
  explicit Readiness(const BrokerHost& broker) : broker_(broker) {}

  void start_draining() noexcept { draining_.store(true, std::memory_order_release); }
  [[nodiscard]] bool draining() const noexcept { return draining_.load(std::memory_order_acquire); }

  /// Why not ready, as one line; empty if ready.
  [[nodiscard]] std::string reason() const {
    if (draining()) return "draining";
    const BrokerStatus status = broker_.status();
    if (status.state == State::ready) return {};
    std::string text = std::string("broker ") + word(status.state);
    for (const std::string& why : status.reasons) text += "; " + why;
    return text;
  }

 private:
  const BrokerHost& broker_;
  std::atomic<bool> draining_{false};
};

}  // namespace signalbox
