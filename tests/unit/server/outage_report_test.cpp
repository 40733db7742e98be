#include "server/outage_report.hpp"

#include <gtest/gtest.h>

namespace signalbox {
namespace {

using namespace std::chrono_literals;

TEST(OutageReport, SaysOnceThatTheBrokerIsAwayAndAgainEveryMinute) {
  OutageReport report;
  const OutageReport::Clock::time_point begin{};
  EXPECT_EQ(report.line("broker connecting; refused", begin), "");
  EXPECT_EQ(report.line("broker connecting; refused", begin + 2900ms), "");
  EXPECT_EQ(report.line("broker connecting; refused", begin + 3s), "not ready for 3 s: broker connecting; refused");
  EXPECT_EQ(report.line("broker failed; auth", begin + 62s), "");
  EXPECT_EQ(report.line("broker failed; auth", begin + 63s), "not ready for 63 s: broker failed; auth");
}

TEST(OutageReport, BeginsAnewWithEachOutage) {
  OutageReport report;
  const OutageReport::Clock::time_point begin{};
  EXPECT_EQ(report.line("away", begin), "");
  EXPECT_EQ(report.line("", begin + 2s), "");
  EXPECT_EQ(report.line("away", begin + 4s), "");
  EXPECT_EQ(report.line("away", begin + 7s), "not ready for 3 s: away");
}

}  // namespace
}  // namespace signalbox
