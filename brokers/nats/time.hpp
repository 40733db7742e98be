// The clock of this plugin, and how often it is looked at.
#pragma once

#include "brokers/common/time.hpp"

namespace signalbox::nats {

using brokers::Clock;
using brokers::Duration;
using brokers::Time;

/// How often deadlines are looked at when nothing else happens. Deadlines are set this much early, so that a call
/// completes within its time.
inline constexpr Duration kTick{50};
/// The same while no call is open: a wake of an idle machine's core costs a tenth of a millisecond.
inline constexpr Duration kRestTick{250};

}  // namespace signalbox::nats
