#include "signalbox/plugin.hpp"

#include "brokers/kafka/kafka_broker.hpp"

SIGNALBOX_BROKER_PLUGIN(signalbox::KafkaBroker, "kafka", SIGNALBOX_PLUGIN_VERSION, signalbox::kafka::kOptions)
