// Back ends that do not behave.
#include <gtest/gtest.h>

#include "tests/harm/scene.hpp"

namespace signalbox::test {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;
const Settings kImpatient{{"api.idle_timeout", duration(1s)}};

TEST(UnreadAnswers, EndTheirConnectionAndAreBounded) {
  constexpr std::size_t kCount = 16;
  Scene scene(kImpatient);
  scene.repeat(2, [&] {
    const std::size_t before = scene.footprint().anonymous_bytes;
    std::size_t most = before;
    hostile::Swarm unread(scene.instance.api_port(), hostile::unread_answers(), {.count = kCount, .again = false});
    EXPECT_TRUE(wait_until([&] {
      most = std::max(most, scene.footprint().anonymous_bytes);
      return unread.counts().ended == kCount;
    })) << unread.counts().ended;
    EXPECT_TRUE(kSanitized || most <= before + kCount * 4 * kMiB) << most << " from " << before;
  });
}

TEST(EndlessBulkRequests, WhoseAnswersNobodyReadsAreEnded) {
  constexpr std::size_t kCount = 4;
  Scene scene(kImpatient);
  scene.repeat(2, [&] {
    hostile::Swarm bulk(scene.instance.api_port(), hostile::endless_bulk("nobody", 10, false),
                        {.count = kCount, .again = false});
    EXPECT_TRUE(wait_until([&] { return bulk.counts().ended == kCount; })) << bulk.counts().ended;
  });
}

TEST(AFloodToOneUser, IsThatUsersOwnAffair) {
  Scene scene;
  Instance& instance = scene.instance;
  scene.repeat(2, [&] {
    hostile::Swarm victim(instance.port(), hostile::mute_peer("victim"), {.count = 1, .tick = 10ms});
    ASSERT_TRUE(wait_until([&] { return instance.exists("victim0"); }));
    hostile::Swarm flood(instance.api_port(), hostile::endless_bulk("victim0", 1000, true), {.count = 4, .again = false});
    EXPECT_TRUE(wait_until([&] { return flood.counts().sent > 20 * kMiB; }, 20s)) << flood.counts().sent;
    scene.expect_open_to_newcomers();
  });
}

}  // namespace
}  // namespace signalbox::test
