// How a benchmark says what it measured: a table for people, a JSON line a figure for programs.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace signalbox::bench {

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> baseline;  ///< the same work done bare, in the same run
  std::string target;              ///< in words; empty if there is none
};

void print_table(std::ostream& out, const std::string& benchmark, const std::vector<Figure>& figures);
void print_json_lines(std::ostream& out, const std::string& benchmark, const std::vector<Figure>& figures);

/// `values` must not be empty.
double median(std::vector<double> values);

}  // namespace signalbox::bench
