// One running instance: the object graph, its start and its drain.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/config/config.hpp"
#include "core/config/live_limits.hpp"
#include "core/delivery/broker_host.hpp"
#include "core/delivery/publisher.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/users/user_registry.hpp"
#include "server/api/api_server.hpp"
#include "server/broker_factory.hpp"
#include "server/clients/dispatcher.hpp"
#include "server/net/limits.hpp"
#include "server/net/listener.hpp"
#include "server/net/memory_watch.hpp"
#include "server/net/shard.hpp"
#include "server/outage_report.hpp"
#include "server/readiness.hpp"

namespace signalbox {

/// Threading: one thread constructs, starts, drains and stops.
class Instance {
 public:
  /// Binds both listeners and makes the broker; nothing runs yet. `messages` and `log` outlive it.
  /// Errors: ConfigError, StartError.
  Instance(Config config, const MessageHandler& messages, Log& log);
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance();

  void start();
  /// What the running plugin has to say of its section in another configuration. Errors: ConfigError.
  void check_broker(const Config& config) const { factory_.try_section(config); }
  /// Puts the live keys of a configuration in force, but for logging.level. Closes nobody.
  void apply(const Config& config);
  /// Not ready from now on, upgrades get 503, and the WebSockets are closed evenly over 80 % of server.drain_timeout.
  void drain();
  /// WebSockets that are open.
  [[nodiscard]] std::int64_t connections() const noexcept { return metrics_.connections.value(); }
  /// Ends what is left: connections, API requests that have not got their answer by then, the broker with its subscriptions.
  using Clock = std::chrono::steady_clock;
  void stop(Clock::time_point deadline);
  /// To be called every kTick while it runs: what it looks after, users who have left and memory, does not need it more often,
  /// and an idle instance spends most on waking up (docs/performance.md).
  void tick();
  static constexpr std::chrono::milliseconds kTick{200};

 private:
  void listen_for_orders();
  void stop_api_and_broker(Clock::time_point deadline);
  void log_start() const;
  void warn_of_scarce_descriptors() const;

  const Config config_;
  const std::string instance_id_;
  Log& log_;
  Metrics metrics_;
  LiveLimits limits_;
  const unsigned shard_count_;
  SocketLimits sockets_;
  MemoryWatch memory_;
  QueueTotal queue_total_;
  BoundSockets client_sockets_;
  BoundSockets api_socket_;
  BrokerFactory factory_;
  BrokerHost host_;
  Readiness readiness_;
  Dispatcher dispatcher_;
  std::unique_ptr<Broker> broker_;
  UserRegistry registry_;
  Publisher publisher_;
  ShardContext shard_context_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::thread> threads_;
  std::unique_ptr<api::ApiServer> api_;
  OutageReport outage_;
  bool started_ = false;
};

}  // namespace signalbox
