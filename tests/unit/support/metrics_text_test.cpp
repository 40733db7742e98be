#include "tests/support/metrics_text.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace signalbox::test {
namespace {

const std::string kGauge = "# HELP g Help\n# TYPE g gauge\n";
const std::string kCounter = "# HELP c_total Help\n# TYPE c_total counter\n";
const std::string kHistogram = "# HELP h Help\n# TYPE h histogram\n";

TEST(MetricsText, ReadsFamiliesAndSeries) {
  const MetricsText text(kGauge + "g{a=\"1\"} -2.5e-3\ng{a=\"\\\"\\n\\\\\"} +Inf\n" + kCounter + "c_total 7\n" + kHistogram +
                         "h_bucket{le=\"0.1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 2.5\nh_count 3\n");
  EXPECT_EQ(text.families.at("g").type, "gauge");
  EXPECT_EQ(text.families.at("h").help, "Help");
  EXPECT_EQ(text["g{a=\"1\"}"], -0.0025);
  EXPECT_EQ(text["c_total"], 7);
  EXPECT_EQ(text["h_bucket{le=\"+Inf\"}"], 3);
  EXPECT_EQ(text.series.size(), 7u);
}

TEST(MetricsText, RefusesWhatPrometheusWould) {
  for (const std::string& text : {
           std::string("g 1\n"),                                                                // no family
           kGauge + "g 1",                                                                      // no end of line
           kGauge + "g\n",                                                                      // no value
           kGauge + "g one\n",                                                                  // no number
           kGauge + "g 1x\n",                                                                   //
           kGauge + "g{a=\"1} 1\n",                                                             // no end of the label
           kGauge + "g{a=\"\\t\"} 1\n",                                                         // no such escape
           kGauge + "g 1\ng 2\n",                                                               // twice
           kGauge + "g{a=\"1\"} 1\ng{a=\"1\"} 1\n",                                             //
           kGauge + kGauge + "g 1\n",                                                           //
           kGauge + "g 1\n# HELP g Help\n",                                                     // after its sample
           kGauge + "g 1\n" + kCounter + "c_total 1\n" + kGauge,                                // in two places
           kGauge + kCounter + "g 1\n",                                                         // apart from its family
           std::string("# TYPE g gauge\ng 1\n"),                                                // no help
           std::string("# HELP g Help\ng 1\n"),                                                 // no type
           std::string("# HELP g Help\n# TYPE g gadget\ng 1\n"),                                // no such type
           std::string("# HELP c Help\n# TYPE c counter\nc 1\n"),                               // not called _total
           kCounter + "c_total -1\n",                                                           //
           kHistogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\n",                                   // no count
           kHistogram + "h_bucket{le=\"+Inf\"} 1\nh_count 1\n",                                 // no sum
           kHistogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",                           // no +Inf
           kHistogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n",                        // +Inf is not the count
           kHistogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",  // not cumulative
           kHistogram + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"0.5\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
           kHistogram + "h 1\n",
       }) {
    EXPECT_THROW(MetricsText{text}, std::runtime_error) << text;
  }
}

}  // namespace
}  // namespace signalbox::test
