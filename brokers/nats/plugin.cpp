#include "signalbox/plugin.hpp"

#include "brokers/nats/nats_broker.hpp"

SIGNALBOX_BROKER_PLUGIN(signalbox::NatsBroker, "nats", SIGNALBOX_PLUGIN_VERSION, signalbox::nats::kOptions)
