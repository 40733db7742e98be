#include "signalbox/plugin.hpp"

#include "brokers/memory/memory_broker.hpp"

SIGNALBOX_BROKER_PLUGIN(signalbox::MemoryBroker, "memory", SIGNALBOX_PLUGIN_VERSION, signalbox::kMemoryOptions)
