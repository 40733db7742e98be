// Mode saturate: the highest rate that a broker holds.
#pragma once

#include <cstdint>
#include <functional>

#include "bench/loadtest/options.hpp"
#include "bench/loadtest/plan.hpp"
#include "bench/loadtest/progress.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// Searches it with `measure`, which writes what a leg came to into `result`, over a plan of `messages`. `recover` is called
/// after a rate that did not hold. In the end `result` has the steps, and of everything else what the median of the searches
/// came to.
///
/// Errors: what its callbacks throw.
void measure_saturation(const LoadTestOptions& options, std::uint64_t messages, const std::function<void(const Leg&)>& measure,
                        const std::function<void()>& recover, const Tell& tell, Result& result);

}  // namespace signalbox::bench
