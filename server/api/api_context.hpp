// What the API's calls work with. Lifetime of all: beyond the API's thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/config/config.hpp"
#include "core/config/live_limits.hpp"
#include "core/delivery/broker_host.hpp"
#include "core/delivery/publisher.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/users/user_registry.hpp"
#include "server/net/batch_queue.hpp"
#include "server/net/limits.hpp"
#include "server/readiness.hpp"

namespace signalbox::api {

struct ApiContext {
  const Config& config;
  const std::string& instance_id;
  const std::string& broker_version;
  const Broker& broker;
  const BrokerHost& host;
  const Readiness& readiness;
  const UserRegistry& registry;
  Publisher& publisher;
  const LiveLimits& limits;
  SocketLimits& sockets;
  Metrics& metrics;
  Log& log;
  std::chrono::steady_clock::time_point started;
};

}  // namespace signalbox::api
