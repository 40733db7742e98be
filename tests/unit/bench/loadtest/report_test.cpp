#include "bench/loadtest/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signalbox::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ReportHtml, HoldsLibraryLicenceAndResults) {
  const std::string page = report_html(R"({"schema":1})");
  EXPECT_THAT(page, HasSubstr("Chart.js v"));
  EXPECT_THAT(page, HasSubstr("Permission is hereby granted"));
  EXPECT_THAT(page, HasSubstr(R"(type="application/json">{"schema":1}</script>)"));
  EXPECT_THAT(page, Not(HasSubstr("{{")));
}

TEST(ReportHtml, LetsNoResultEndItsScript) {
  const std::string page = report_html(R"({"command":"</script><script>alert(1)</script><!--"})");
  EXPECT_THAT(page, HasSubstr(R"({"command":"\u003c/script>\u003cscript>alert(1)\u003c/script>\u003c!--"})"));
}

}  // namespace
}  // namespace signalbox::bench
