#include "brokers/kafka/suspicion.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

constexpr Time kStart = Time() + std::chrono::hours(1);

TEST(Suspicion, IsTheReasonWhenTheHeartbeatsStopSoonAfterwards) {
  Suspicion suspicion;
  EXPECT_FALSE(suspicion.take(kStart)) << "nothing was told";
  suspicion.raise({FaultKind::auth, "expired"}, kStart);
  const auto fault = suspicion.take(kStart + kEchoWithin);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->kind, FaultKind::auth);
  EXPECT_EQ(fault->text, "expired");
  EXPECT_FALSE(suspicion.take(kStart + kEchoWithin)) << "once";
}

TEST(Suspicion, IsForgottenWhereTheHeartbeatsGoOn) {
  Suspicion suspicion;
  suspicion.raise({FaultKind::auth, "one of three brokers"}, kStart);
  EXPECT_FALSE(suspicion.take(kStart + Suspicion::kRecent));
}

}  // namespace
}  // namespace signalbox::kafka
