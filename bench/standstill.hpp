// How still a machine stands by itself: a virtual one's host takes its cores away, and no latency is better than that.
#pragma once

#include <chrono>

namespace signalbox::bench {

/// Of the core that stood still for most of the time.
struct Standstill {
  double share = 0;  ///< of the time, in pauses of more than a millisecond: 0 to 1
  std::chrono::nanoseconds longest{0};
};

/// One thread a core does nothing but read the clock; whatever it misses, another has taken. Nothing else should run.
Standstill watch_standstill(std::chrono::milliseconds time);

}  // namespace signalbox::bench
