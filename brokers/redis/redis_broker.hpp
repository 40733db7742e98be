// Redis pub/sub as a broker: one SUBSCRIBE a channel, PUBLISH's count as receivers, PUBSUB NUMSUB for exists.
#pragma once

#include <cstddef>
#include <memory>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/common/threaded_broker.hpp"
#include "brokers/redis/link.hpp"
#include "brokers/redis/options.hpp"

namespace signalbox {

/// Capabilities: exact receivers, authoritative exists, no delay. Clients with PSUBSCRIBE count as receivers and not for
/// exists. How long a dead host counts depends on the server's tcp-keepalive: 600 s with its default of 300, 30 s with 15.
class RedisBroker final : public brokers::ThreadedBroker {
 public:
  /// Half of what Redis' default output limit of a subscriber (32 MB) would take at once.
  static constexpr std::size_t kPayloadBytes = std::size_t{16} << 20;

  /// Errors: std::invalid_argument, one line.
  explicit RedisBroker(const Settings& settings);
  ~RedisBroker() override;

  [[nodiscard]] Capabilities capabilities() const override;

 private:
  std::unique_ptr<brokers::Engine> make_engine(Host& host, brokers::Intake& intake, brokers::Budget& budget) override;

  redis::Options options_;
  redis::TlsContextPtr tls_;
};

}  // namespace signalbox
