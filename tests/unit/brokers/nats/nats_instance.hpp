// A NATS broker with the host it speaks to.
#pragma once

#include <string>
#include <utility>

#include "brokers/nats/nats_broker.hpp"
#include "tests/support/broker_instance.hpp"

namespace signalbox::test {

class NatsInstance : public BrokerInstance<NatsBroker> {
 public:
  explicit NatsInstance(Values values, const std::string& instance = "test-1", milliseconds call_timeout = 2000ms)
      : BrokerInstance(Settings(std::move(values)), instance, call_timeout) {}
};

}  // namespace signalbox::test
