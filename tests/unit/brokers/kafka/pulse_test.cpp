#include "brokers/kafka/pulse.hpp"

#include <gtest/gtest.h>

namespace signalbox::kafka {
namespace {

constexpr Time kStart = Time() + std::chrono::hours(1);

TEST(Pulse, BeatsOnceAHeartbeatBehindTheBarrierIsBack) {
  Pulse pulse;
  EXPECT_TRUE(pulse.due(kStart));
  pulse.sent(7, kStart);
  EXPECT_FALSE(pulse.is_back(6, kStart));
  pulse.echoed(7);
  EXPECT_FALSE(pulse.is_back(7, kStart)) << "of before";
  EXPECT_TRUE(pulse.is_back(6, kStart));
  EXPECT_FALSE(pulse.is_back(6, kStart + kEchoWithin));
}

TEST(Pulse, ProvesWhatWasKnownWhenItWasSentNotWhenItIsRead) {
  Pulse pulse;
  pulse.sent(1, kStart);
  const Time thawed = kStart + kEchoWithin;  // it was stored, and we were frozen
  pulse.echoed(1);
  EXPECT_FALSE(pulse.is_back(0, thawed));
  pulse.sent(2, thawed);
  pulse.echoed(2);
  EXPECT_TRUE(pulse.is_back(0, thawed));
}

TEST(Pulse, SendsTheNextOnlyBehindAReportAndSoonIfNothingWasStored) {
  Pulse pulse;
  pulse.sent(1, kStart);
  EXPECT_FALSE(pulse.due(kStart + kHeartbeatEvery));
  pulse.reported(Stored::yes, kStart);
  EXPECT_FALSE(pulse.due(kStart + kHeartbeatEvery - Duration(1)));
  EXPECT_TRUE(pulse.due(kStart + kHeartbeatEvery));
  pulse.sent(2, kStart);
  pulse.reported(Stored::no, kStart);
  EXPECT_TRUE(pulse.due(kStart + Pulse::kAgainAfter));
  pulse.sent(3, kStart);
  pulse.reported(Stored::yes, kStart);
  pulse.hurry(kStart);
  EXPECT_TRUE(pulse.due(kStart));
}

}  // namespace
}  // namespace signalbox::kafka
