// How a benchmark says what it measured: a table for people, a JSON line a figure for programs.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace signalbox::bench {

/// What a figure, or its ratio to the baseline, must keep to.
struct Target {
  enum class Of : std::uint8_t { value, ratio };
  enum class Bound : std::uint8_t { at_most, at_least };
  Of of;
  Bound bound;
  double limit;
};
constexpr Target at_most(double limit) { return {Target::Of::value, Target::Bound::at_most, limit}; }
constexpr Target at_least(double limit) { return {Target::Of::value, Target::Bound::at_least, limit}; }
constexpr Target ratio_at_most(double limit) { return {Target::Of::ratio, Target::Bound::at_most, limit}; }
constexpr Target ratio_at_least(double limit) { return {Target::Of::ratio, Target::Bound::at_least, limit}; }

struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  std::optional<double> baseline;  ///< the same work done bare, in the same run
  std::optional<Target> target;

  /// Nothing without a target, or without the baseline that it asks for.
  [[nodiscard]] std::optional<bool> met() const;
};

void print_table(std::ostream& out, const std::string& benchmark, const std::vector<Figure>& figures);
void print_json_lines(std::ostream& out, const std::string& benchmark, const std::vector<Figure>& figures);

/// `values` must not be empty.
double median(std::vector<double> values);

}  // namespace signalbox::bench
