// The names that this plugin has for the clock.
#pragma once

#include "brokers/common/time.hpp"

namespace signalbox::nats {

using brokers::Clock;
using brokers::Duration;
using brokers::Time;

}  // namespace signalbox::nats
