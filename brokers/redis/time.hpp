// The names that this plugin has for the clock.
#pragma once

#include "brokers/common/time.hpp"
#include "brokers/common/turn.hpp"

namespace signalbox::redis {

using brokers::Clock;
using brokers::Duration;
using brokers::kTick;
using brokers::Time;

}  // namespace signalbox::redis
