// How long tests wait for something. Every wait ends as soon as what it waits for is there.
#pragma once

#include <chrono>
#include <functional>

namespace signalbox::test {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// For waits that succeed: generous, since it is spent only when the test fails.
inline constexpr milliseconds kPatience = 10s;

/// `time` multiplied by the environment's SIGNALBOX_TEST_SLOW (1 without it): for sanitizers and loaded machines.
[[nodiscard]] milliseconds scaled(milliseconds time);

/// Asks `condition` every few milliseconds; its last answer, once it is true or `within` (scaled) has passed. Where nobody
/// could ask for longer than 5 s, since the machine stood still, what was waited for had no time either: that does not count.
bool wait_until(const std::function<bool()>& condition, milliseconds within = kPatience);

/// For a bound that is itself promised, and so can't be generous: `attempt` is a whole scenario, from its beginning, and says
/// whether it has kept the bound. A machine with other work to do may miss any once; the second time counts.
bool keeps_bound(const std::function<bool()>& attempt);

}  // namespace signalbox::test
