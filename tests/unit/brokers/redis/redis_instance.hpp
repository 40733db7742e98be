// A Redis broker with the host it speaks to.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "brokers/redis/redis_broker.hpp"
#include "tests/support/broker_calls.hpp"
#include "tests/support/recording_host.hpp"

namespace signalbox::test {

using Values = std::vector<std::pair<std::string, std::string>>;

/// Started; stops at the end of its life, if it has not been stopped before.
class RedisInstance {
 public:
  explicit RedisInstance(const std::string& url, const std::string& instance = "test-1", Values values = {},
                         std::chrono::milliseconds call_timeout = std::chrono::milliseconds(2000),
                         const std::string& prefix = "")
      : host(instance, prefix) {
    values.emplace_back("url", url);
    host.mutable_info().call_timeout = call_timeout;
    broker = std::make_unique<RedisBroker>(Settings(std::move(values)));
    broker->start(host);
  }
  ~RedisInstance() {
    if (broker) broker->stop(std::chrono::seconds(5));
  }

  RedisBroker& operator*() const { return *broker; }

  RecordingHost host;
  std::unique_ptr<RedisBroker> broker;
};

}  // namespace signalbox::test
