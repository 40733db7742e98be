// The clock of the plugins. What has no socket and no thread of its own is told the time; it never asks for it.
#pragma once

#include <chrono>

namespace signalbox::brokers {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = std::chrono::milliseconds;

}  // namespace signalbox::brokers
