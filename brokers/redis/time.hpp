// The clock of this plugin. Protocols are told the time; they never ask for it.
#pragma once

#include <chrono>

namespace signalbox::redis {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = std::chrono::milliseconds;

/// How often deadlines are looked at when nothing else happens. Deadlines are set this much early, so that a call
/// completes within its time.
inline constexpr Duration kTick{50};
/// The same while nothing is under way that has a deadline: a wake of an idle machine's core costs a tenth of a millisecond.
inline constexpr Duration kRestTick{250};

}  // namespace signalbox::redis
