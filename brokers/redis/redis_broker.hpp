// Redis pub/sub as a broker: one SUBSCRIBE a channel, PUBLISH's count as receivers, PUBSUB NUMSUB for exists.
#pragma once

#include <cstddef>
#include <memory>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/common/budget.hpp"
#include "brokers/common/intake.hpp"
#include "brokers/redis/link.hpp"
#include "brokers/redis/options.hpp"

namespace signalbox {

namespace redis {
class Engine;
}

/// Capabilities: exact receivers, authoritative exists, no delay. Clients with PSUBSCRIBE count as receivers and not for
/// exists. How long a dead host counts depends on the server's tcp-keepalive: 600 s with its default of 300, 30 s with 15.
class RedisBroker final : public Broker {
 public:
  /// Half of what Redis' default output limit of a subscriber (32 MB) would take at once.
  static constexpr std::size_t kPayloadBytes = std::size_t{16} << 20;

  /// Errors: std::invalid_argument, one line.
  explicit RedisBroker(const Settings& settings);
  ~RedisBroker() override;

  void start(Host& host) override;
  void subscribe(std::string_view channel, Done done) override;
  void unsubscribe(std::string_view channel, Done done) override;
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override;
  void exists(std::string_view channel, ExistsDone done) override;
  [[nodiscard]] Capabilities capabilities() const override;
  void stop(std::chrono::milliseconds deadline) override;

 private:
  void append(brokers::Call call, std::string_view channel, std::string_view payload = {});

  redis::Options options_;
  redis::TlsContextPtr tls_;
  brokers::Budget budget_;
  brokers::Intake intake_;
  std::unique_ptr<redis::Engine> engine_;
};

}  // namespace signalbox
