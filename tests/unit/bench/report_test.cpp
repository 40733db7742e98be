#include "bench/report.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

const std::vector<Figure> kFigures{{"one \"quoted\"", 7.5, "us", 6, ratio_at_most(1.2)},
                                   {"another", 12345.678, "/s", std::nullopt, {}}};

TEST(Report, PrintsAJsonLineAFigure) {
  std::ostringstream out;
  print_json_lines(out, "push", kFigures);
  EXPECT_EQ(out.str(),
            "{\"benchmark\":\"push\",\"figure\":\"one \\\"quoted\\\"\",\"value\":7.5,\"unit\":\"us\",\"baseline\":6,"
            "\"ratio\":1.25,\"target\":\"ratio <= 1.20\",\"met\":false}\n"
            "{\"benchmark\":\"push\",\"figure\":\"another\",\"value\":12345.7,\"unit\":\"/s\"}\n");
}

TEST(Report, AlignsTheTable) {
  std::ostringstream out;
  print_table(out, "push", kFigures);
  EXPECT_EQ(out.str(),
            "push          value  unit  bare  ratio  target\n"
            "one \"quoted\"   7.50  us    6.00   1.25  ratio <= 1.20  MISSED\n"
            "another       12346  /s       -      -\n");
}

TEST(Report, LeavesOutARatioToNothing) {
  std::ostringstream out;
  print_json_lines(out, "memory", {{"user", 500, "B", 0, {}}});
  EXPECT_EQ(out.str(), "{\"benchmark\":\"memory\",\"figure\":\"user\",\"value\":500,\"unit\":\"B\",\"baseline\":0}\n");
}

TEST(Report, JudgesTheValueOrTheRatio) {
  EXPECT_EQ((Figure{"", 600, "B", 100, at_most(600)}.met()), true);
  EXPECT_EQ((Figure{"", 601, "B", 100, at_most(600)}.met()), false);
  EXPECT_EQ((Figure{"", 79, "/s", 100, ratio_at_least(0.8)}.met()), false);
  EXPECT_EQ((Figure{"", 80, "/s", 100, ratio_at_least(0.8)}.met()), true);
}

TEST(Report, JudgesNothingWithoutATargetOrItsBaseline) {
  EXPECT_EQ((Figure{"", 600, "B", 100, {}}.met()), std::nullopt);
  EXPECT_EQ((Figure{"", 600, "B", {}, ratio_at_most(2)}.met()), std::nullopt);
}

TEST(Median, IsTheMiddleOrBetweenTheTwoMiddleOnes) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({4, 1, 9, 2}), 3);
}

}  // namespace
}  // namespace signalbox::bench
