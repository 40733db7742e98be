#include "core/plugins/host_table.hpp"

#include <functional>

#include <gmock/gmock.h>

#include "tests/unit/core/plugins/line_host.hpp"

namespace signalbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The plugin is this test, which plays its start() too.
class HostTableTest : public testing::Test {
 protected:
  ~HostTableTest() override { side_.forget_host(); }

  void report(std::int32_t state) { side_.table().state(side_.table().context, state, nullptr, 0); }

  LineHost host_;
  HostTable& side_ = HostTable::make(host_, "/lib/fake.so");
};

TEST_F(HostTableTest, TellsOnlyTheLastStateOfThoseReportedDuringStart) {
  side_.start_begins();
  for (const std::int32_t state : {SIGNALBOX_STATE_FAILED, SIGNALBOX_STATE_READY, SIGNALBOX_STATE_READY}) report(state);
  EXPECT_THAT(host_.take(), IsEmpty());
  side_.start_ends("");
  EXPECT_THAT(host_.take(), ElementsAre("state ready"));
  report(SIGNALBOX_STATE_DEGRADED);
  EXPECT_THAT(host_.take(), ElementsAre("state degraded"));
}

TEST_F(HostTableTest, TellsNoneOfThemIfStartThrows) {
  side_.start_begins();
  report(SIGNALBOX_STATE_READY);
  side_.start_ends("threw: up");
  EXPECT_THAT(host_.take(), ElementsAre("state failed; config: /lib/fake.so start() threw: up"));
}

TEST_F(HostTableTest, TellsAStateThatIsReportedWhileAnotherIsToldAfterIt) {
  side_.start_begins();
  report(SIGNALBOX_STATE_READY);
  host_.during_state = [this] {
    host_.during_state = nullptr;
    report(SIGNALBOX_STATE_FAILED);
    report(SIGNALBOX_STATE_DEGRADED);
    EXPECT_THAT(host_.take(), ElementsAre("state ready"));
  };
  side_.start_ends("");
  EXPECT_THAT(host_.take(), ElementsAre("state degraded"));
}

TEST_F(HostTableTest, IgnoresEveryStateButClosedAfterAStartThatTookTooLong) {
  side_.start_begins();
  report(SIGNALBOX_STATE_READY);
  side_.start_is_overdue("hangs");
  EXPECT_TRUE(side_.start_failed());
  EXPECT_THAT(host_.take(), ElementsAre("state failed; config: /lib/fake.so hangs"));
  report(SIGNALBOX_STATE_READY);
  EXPECT_THAT(host_.take(), ElementsAre("log 3 /lib/fake.so reports a state after its start() has failed for good: ignored "
                                        "until the restart (told once)"));
  side_.start_ends("");
  report(SIGNALBOX_STATE_READY);
  EXPECT_THAT(host_.take(), IsEmpty());
  report(SIGNALBOX_STATE_CLOSED);
  EXPECT_THAT(host_.take(), ElementsAre("state closed"));
}

TEST_F(HostTableTest, DoesNotFailAStartThatHasJustReturned) {
  side_.start_begins();
  side_.start_ends("");
  side_.start_is_overdue("hangs");
  EXPECT_FALSE(side_.start_failed());
  report(SIGNALBOX_STATE_READY);
  EXPECT_THAT(host_.take(), ElementsAre("state ready"));
}

}  // namespace
}  // namespace signalbox
