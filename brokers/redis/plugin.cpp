#include "signalbox/plugin.hpp"

#include "brokers/redis/redis_broker.hpp"

SIGNALBOX_BROKER_PLUGIN(signalbox::RedisBroker, "redis", SIGNALBOX_PLUGIN_VERSION, signalbox::redis::kOptions)
