// A Redis broker with the host it speaks to.
#pragma once

#include <string>
#include <utility>

#include "brokers/redis/redis_broker.hpp"
#include "tests/support/broker_instance.hpp"

namespace signalbox::test {

class RedisInstance : public BrokerInstance<RedisBroker> {
 public:
  explicit RedisInstance(const std::string& url, const std::string& instance = "test-1", Values values = {},
                         milliseconds call_timeout = 2000ms, const std::string& prefix = "")
      : BrokerInstance(with_url(url, std::move(values)), instance, call_timeout, prefix) {}

 private:
  static Settings with_url(const std::string& url, Values values) {
    values.emplace_back("url", url);
    return Settings(std::move(values));
  }
};

}  // namespace signalbox::test
