// The clock of this plugin, and the rhythm of its heartbeats.
#pragma once

#include <cstdint>

#include "brokers/common/time.hpp"

namespace signalbox::kafka {

using brokers::Clock;
using brokers::Duration;
using brokers::Time;

/// How often deadlines are looked at when nothing else happens. Deadlines are set this much early, so that a call
/// completes within its time.
inline constexpr Duration kTick{50};
/// The same while nothing is under way that has a deadline.
inline constexpr Duration kRestTick{250};

inline constexpr Duration kHeartbeatEvery{2000};
/// A heartbeat of ours that has not come back for this long: we are the blind one, and say no more whom others hold.
inline constexpr Duration kEchoWithin = 2 * kHeartbeatEvery;
/// An instance is dead once as many of our heartbeats have come back without one of its own between them: 4 to 6 s.
inline constexpr std::uint32_t kMissedBeats = 3;
/// Within this time whoever can answer has read what is in the log.
inline constexpr Duration kPropagation{1000};
/// kMissedBeats in milliseconds of the log's time stamps, for what was written before we began to read.
inline constexpr std::int64_t kLeaseMs = 6000;

}  // namespace signalbox::kafka
