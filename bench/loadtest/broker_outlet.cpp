#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "bench/loadtest/outlet.hpp"
#include "bench/plugin_host.hpp"
#include "core/delivery/publisher.hpp"
#include "core/fault.hpp"
#include "core/observe/metrics.hpp"

namespace signalbox::bench {

namespace {

using std::chrono::nanoseconds;

constexpr auto kReadyPatience = std::chrono::seconds(60);
/// Answers come by other threads: so often it is looked whether they all have.
constexpr nanoseconds kNap = std::chrono::milliseconds(10);

/// As the API answers it (docs/api.md).
int status_of(const PublishResult& result) noexcept {
  if (result.status.ok()) return result.delivered ? 200 : 404;
  switch (static_cast<errc>(result.status.code.value())) {
    case errc::unavailable:
    case errc::closed: return 503;
    case errc::overloaded: return 429;
    case errc::unknown_outcome: return 504;
    case errc::too_large: return 413;
    case errc::invalid_argument: return 400;
    case errc::rejected: return 403;
    case errc::unsupported: return 501;
    case errc::superseded:
    case errc::internal: return 500;
  }
  return 500;
}

/// By a plugin of its own and the core's publish if the user exists, as `signalbox publish` does it: no instance takes part in
/// it but those that hold the users.
class BrokerOutlet final : public Outlet {
 public:
  BrokerOutlet(const PublisherOptions& options, Callbacks callbacks)
      : options_(options),
        callbacks_(std::move(callbacks)),
        host_(std::make_unique<PluginHost>(instance_source(options.config, options.settings), "publisher")),
        publisher_(host_->broker(), metrics_, host_->config().broker.channel_prefix) {
    if (host_->name() == "memory") {
      throw ConfigError("--via: memory lives inside its instance, where no generator can reach it: leave it out, or --via api");
    }
    if (options.message_bytes > host_->config().limits.message_bytes) {
      throw ConfigError(
          "--size: more than limits.message_bytes: --set limits.message_bytes=" + std::to_string(options.message_bytes) + "B");
    }
    host_->wait_ready(kReadyPatience);
  }
  ~BrokerOutlet() override { host_.reset(); }  // publisher_ has to outlive its completions
  BrokerOutlet(const BrokerOutlet&) = delete;
  BrokerOutlet& operator=(const BrokerOutlet&) = delete;

  void take(const LoadMessage& message) override {
    // A name of digits, small letters and dashes is its own user key.
    user_.assign(options_.user_prefix).append(std::to_string(message.user));
    payload_.clear();
    message.append_to(payload_, options_.message_bytes);
    callbacks_.sent(message.number);
    publisher_.publish(user_, Kind::text, payload_, [this, number = message.number](const PublishResult& result) {
      callbacks_.answered(number, status_of(result));
    });
  }

  void exchange(nanoseconds pause) override { std::this_thread::sleep_for(std::min(pause, kNap)); }

 private:
  const PublisherOptions& options_;
  const Callbacks callbacks_;
  Metrics metrics_;
  std::unique_ptr<PluginHost> host_;
  signalbox::Publisher publisher_;
  std::string user_;
  std::string payload_;
};

}  // namespace

std::unique_ptr<Outlet> broker_outlet(const PublisherOptions& options, Outlet::Callbacks callbacks) {
  return std::make_unique<BrokerOutlet>(options, std::move(callbacks));
}

}  // namespace signalbox::bench
