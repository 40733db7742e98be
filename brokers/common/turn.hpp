// The rhythm of a broker's thread.
#pragma once

#include <cstddef>

#include "brokers/common/time.hpp"

namespace signalbox::brokers {

/// How often deadlines are looked at when nothing else happens. Deadlines are set this much early, so that a call
/// completes within its time.
inline constexpr Duration kTick{50};
/// The same while nothing is under way that has a deadline: a wake of an idle machine's core costs a tenth of a millisecond.
inline constexpr Duration kRestTick{250};
/// Calls that are completed in one turn: those that a lost link leaves, or a burst that is late, must not hold up the loop.
inline constexpr std::size_t kCompletionsPerTurn = 4096;

}  // namespace signalbox::brokers
