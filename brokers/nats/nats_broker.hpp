// NATS as a broker: one SUB a channel, publish by request and 503, exists by asking whoever holds it.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/common/budget.hpp"
#include "brokers/common/intake.hpp"
#include "brokers/nats/options.hpp"

namespace signalbox {

namespace nats {
class Engine;
}

/// Capabilities: at_least receivers (0 is exact, and all that is not 0 is 1), probed exists, never a yes for a dead host.
class NatsBroker final : public Broker {
 public:
  /// What a server takes unless its operator says otherwise.
  static constexpr std::size_t kPayloadBytes = std::size_t{1} << 20;

  /// Errors: std::invalid_argument, one line.
  explicit NatsBroker(const Settings& settings);
  ~NatsBroker() override;

  void start(Host& host) override;
  void subscribe(std::string_view channel, Done done) override;
  void unsubscribe(std::string_view channel, Done done) override;
  void publish(std::string_view channel, std::string_view payload, PublishDone done) override;
  void exists(std::string_view channel, ExistsDone done) override;
  [[nodiscard]] Capabilities capabilities() const override;
  void stop(std::chrono::milliseconds deadline) override;

 private:
  void append(brokers::Call call, std::string_view channel, std::string_view payload = {});

  nats::Options options_;
  std::atomic<std::size_t> max_payload_ = kPayloadBytes;
  std::atomic<bool> clustered_;
  brokers::Budget budget_;
  brokers::Intake intake_;
  std::unique_ptr<nats::Engine> engine_;
};

}  // namespace signalbox
