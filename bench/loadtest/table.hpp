// The results side by side, for a terminal.
#pragma once

#include <iosfwd>
#include <span>

#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// A column a broker, the remarks below.
void print_results(std::ostream& out, std::span<const Result> results);

}  // namespace signalbox::bench
