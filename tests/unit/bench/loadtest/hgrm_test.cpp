#include "bench/loadtest/hgrm.hpp"

#include <sstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;

std::vector<std::string> lines_of(const Histogram& histogram) {
  std::ostringstream out;
  write_hgrm(out, histogram);
  std::istringstream in(out.str());
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST(Hgrm, HasTheColumnsAndTheEndThatHdrHistogramsToolsRead) {
  Histogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.record(i * 1ms);
  const auto lines = lines_of(histogram);
  EXPECT_EQ(lines[0], "       Value     Percentile TotalCount 1/(1-Percentile)");
  EXPECT_EQ(lines[1], "");
  EXPECT_THAT(lines[2], MatchesRegex(" +1\\.00[0-9] 0\\.000000000000          1           1\\.00"));
  EXPECT_THAT(lines[7], MatchesRegex(" +50[01]\\.[0-9]+ 0\\.500000000000        50[01]           2\\.00"));
  EXPECT_EQ(lines[lines.size() - 4], "    1000.000 1.000000000000       1000");
  EXPECT_THAT(lines[lines.size() - 3], HasSubstr("#[Mean    =      500.500, StdDeviation   =      288."));
  EXPECT_EQ(lines[lines.size() - 2], "#[Max     =     1000.000, Total count    =         1000]");
}

TEST(Hgrm, PercentilesRiseAndCountsDoToo) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.record(i * 1us);
  double value = 0, percentile = -1, count = 0;
  std::size_t rows = 0;
  for (const std::string& line : lines_of(histogram)) {
    double next_value = 0, next_percentile = 0, next_count = 0;
    if (!(std::istringstream(line) >> next_value >> next_percentile >> next_count)) continue;
    ++rows;
    EXPECT_GE(next_value, value) << line;
    EXPECT_GT(next_percentile, percentile) << line;
    EXPECT_GE(next_count, count) << line;
    EXPECT_GE(next_count, next_percentile * 100'000 - 0.5) << line;
    value = next_value, percentile = next_percentile, count = next_count;
  }
  EXPECT_GT(rows, 50U);  // five a halving, as far as there are cells
}

TEST(Hgrm, OfNothingIsAHeadAndAnEnd) { EXPECT_EQ(lines_of(Histogram()).size(), 5U); }

}  // namespace
}  // namespace signalbox::bench
