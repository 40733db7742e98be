// A histogram as HdrHistogram's tools exchange it.
#pragma once

#include <iosfwd>

#include "bench/histogram.hpp"

namespace signalbox::bench {

/// The .hgrm text, in milliseconds, five steps to each halving of what is left to 100 %: HdrHistogram's
/// outputPercentileDistribution(), which its plotter reads.
void write_hgrm(std::ostream& out, const Histogram& histogram);

}  // namespace signalbox::bench
