#include <signalbox/plugin.hpp>

#include "options.hpp"
#include "postgres_broker.hpp"

SIGNALBOX_BROKER_PLUGIN(pgbroker::PostgresBroker, "postgres", "1.0.0", pgbroker::kOptions)
