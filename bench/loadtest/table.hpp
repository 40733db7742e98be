// The results side by side.
#pragma once

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// A cell each: a line with the brokers' names, then the figures, each with its name in front. Two spaces before a name: it
/// belongs to the one above.
[[nodiscard]] std::vector<std::vector<std::string>> table_lines(std::span<const Result> results);

/// A line each: the faults and the rates that were tried.
[[nodiscard]] std::vector<std::string> course_of(const Result& result);

/// For a terminal: a column a broker, the remarks below.
void print_results(std::ostream& out, std::span<const Result> results);

}  // namespace signalbox::bench
