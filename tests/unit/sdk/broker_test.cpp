#include "signalbox/broker.hpp"

#include <gtest/gtest.h>

namespace signalbox {
namespace {

TEST(BrokerWords, AreThoseOfHttpMetricsAndLogs) {
  EXPECT_STREQ(word(Precision::unknown), "unknown");
  EXPECT_STREQ(word(Precision::estimate), "estimate");
  EXPECT_STREQ(word(Precision::at_least), "at_least");
  EXPECT_STREQ(word(Precision::exact), "exact");
  EXPECT_STREQ(word(ExistsKind::unsupported), "unsupported");
  EXPECT_STREQ(word(ExistsKind::replicated), "replicated");
  EXPECT_STREQ(word(ExistsKind::probed), "probed");
  EXPECT_STREQ(word(ExistsKind::authoritative), "authoritative");
  EXPECT_STREQ(word(State::connecting), "connecting");
  EXPECT_STREQ(word(State::ready), "ready");
  EXPECT_STREQ(word(State::degraded), "degraded");
  EXPECT_STREQ(word(State::failed), "failed");
  EXPECT_STREQ(word(State::closed), "closed");
}

TEST(Capabilities, PromiseNothingUntilTheyAreStated) {
  const Capabilities none;
  EXPECT_EQ(none.receivers, Precision::unknown);
  EXPECT_EQ(none.exists, ExistsKind::unsupported);
  EXPECT_EQ(none.dead_host_bound, std::chrono::milliseconds::max());
  EXPECT_EQ(none.max_payload_bytes, 0u);
  EXPECT_FALSE(none.continuity);
  EXPECT_EQ(static_cast<int>(none.receivers), 0) << "a struct of zeros promises the same";
  EXPECT_EQ(static_cast<int>(none.exists), 0);
}

}  // namespace
}  // namespace signalbox
