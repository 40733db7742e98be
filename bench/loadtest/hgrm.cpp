#include "bench/loadtest/hgrm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

namespace signalbox::bench {

namespace {

constexpr int kStepsPerHalving = 5;
constexpr double kNanosecondsPerUnit = 1e6;

template <class... Values>
std::string line(const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

double units(std::chrono::nanoseconds value) { return static_cast<double>(value.count()) / kNanosecondsPerUnit; }

double deviation(const std::vector<Histogram::Cell>& cells, double mean, std::uint64_t count) {
  double squares = 0;
  for (const Histogram::Cell& cell : cells)
    squares += static_cast<double>(cell.count) * std::pow(units(cell.highest) - mean, 2);
  return count == 0 ? 0 : std::sqrt(squares / static_cast<double>(count));
}

// The next percentile at which a line is due.
double next_step(double percentile) {
  const double halvings = std::floor(std::log2(100 / (100 - percentile))) + 1;
  return percentile + 100 / (kStepsPerHalving * std::pow(2, halvings));
}

}  // namespace

void write_hgrm(std::ostream& out, const Histogram& histogram) {
  const std::vector<Histogram::Cell> cells = histogram.cells();
  const std::uint64_t count = histogram.count();
  out << line("%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
  std::uint64_t below = 0;
  double due = 0;
  for (const Histogram::Cell& cell : cells) {
    below += cell.count;
    const double reached = 100 * static_cast<double>(below) / static_cast<double>(count);
    const double value = units(std::min(cell.highest, histogram.max()));
    while (due <= reached && below < count) {
      out << line("%12.3f %2.12f %10llu %14.2f\n", value, due / 100, static_cast<unsigned long long>(below),
                  1 / (1 - due / 100));
      due = next_step(due);
    }
  }
  if (count > 0) out << line("%12.3f %2.12f %10llu\n", units(histogram.max()), 1.0, static_cast<unsigned long long>(count));
  const double mean = units(histogram.mean());
  out << line("#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean, deviation(cells, mean, count));
  out << line("#[Max     = %12.3f, Total count    = %12llu]\n", units(histogram.max()), static_cast<unsigned long long>(count));
  out << line("#[Buckets = %12d, SubBuckets     = %12d]\n", 32, 2048);
}

}  // namespace signalbox::bench
