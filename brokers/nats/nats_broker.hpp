// NATS as a broker: one SUB a channel, publish by request and 503, exists by asking whoever holds it.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "brokers/common/threaded_broker.hpp"
#include "brokers/nats/options.hpp"

namespace signalbox {

/// Capabilities: at_least receivers (0 is exact, and all that is not 0 is 1), probed exists, never a yes for a dead host.
class NatsBroker final : public brokers::ThreadedBroker {
 public:
  /// What a server takes unless its operator says otherwise.
  static constexpr std::size_t kPayloadBytes = std::size_t{1} << 20;

  /// Errors: std::invalid_argument, one line.
  explicit NatsBroker(const Settings& settings);
  ~NatsBroker() override;

  [[nodiscard]] Capabilities capabilities() const override;

 private:
  std::unique_ptr<brokers::Engine> make_engine(Host& host, brokers::Intake& intake, brokers::Budget& budget) override;

  nats::Options options_;
  std::atomic<std::size_t> max_payload_ = kPayloadBytes;
  std::atomic<bool> clustered_;
};

}  // namespace signalbox
