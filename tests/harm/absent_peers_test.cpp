// Clients that are gone, or might as well be.
#include <gtest/gtest.h>

#include "tests/harm/scene.hpp"

namespace signalbox::test {
namespace {

constexpr std::size_t kCount = 200;

/// What nobody acknowledges stays with the kernel for a quarter of an hour, unless the server gives it up.
TEST(VanishedPeers, AreClosedByTheirMissingPongsAndLeaveNothingInTheKernel) {
  Scene scene(Settings{{"limits.ping_interval", duration(1s)}, {"limits.pong_timeout", duration(2s)}});
  Instance& instance = scene.instance;
  const std::string payload(16 * 1024, 'x');
  const auto closes = [&] { return instance.metric("signalbox_closes_total", "code=\"1011\""); };
  scene.repeat(2, [&] {
    const double before = closes();
    hostile::Swarm vanished(instance.port(), hostile::vanished_peer("vanished"), {.count = kCount, .again = false});
    ASSERT_TRUE(wait_until([&] { return scene.strangers() == kCount; }));
    scene.publish_to_each("vanished", kCount, payload);
    EXPECT_TRUE(wait_until([&] { return closes() == before + kCount; }));
    EXPECT_TRUE(wait_until([&] { return scene.strangers() == 0; }, 15s));
    EXPECT_TRUE(wait_until([&] { return PortFootprint::of(instance.port()).orphans == 0; }, 5s))
        << PortFootprint::of(instance.port()).orphans << " sockets of the kernel's with "
        << PortFootprint::of(instance.port()).unsent_bytes << " bytes";
    EXPECT_EQ(vanished.counts().ended, 0u) << "they were not gone";
  });
}

TEST(HalfClosedPeers, AreDoneWith) {
  Scene scene;
  scene.repeat(2, [&] {
    hostile::Swarm half_closed(scene.instance.port(), hostile::half_closed_peer("half"), {.count = kCount, .again = false});
    EXPECT_TRUE(wait_until([&] { return half_closed.counts().ended == kCount; })) << half_closed.counts().ended;
  });
}

TEST(MutePeers, HaveFiveSecondsToAnswerAClose) {
  Scene scene;
  Instance& instance = scene.instance;
  scene.repeat(2, [&] {
    hostile::Swarm mute(instance.port(), hostile::mute_peer("mute"), {.count = kCount, .again = false, .tick = 100ms});
    ASSERT_TRUE(wait_until([&] { return scene.strangers() == kCount; }));
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t user = 0; user < kCount; ++user) {
      ASSERT_EQ(instance.http().request("DELETE", "/api/v1/users/mute" + std::to_string(user) + "/connections").status, 202u);
    }
    EXPECT_TRUE(wait_until([&] { return scene.strangers() < kCount; }));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 4500ms) << "less than their 5 s, of which the wheel may take a part";
    EXPECT_TRUE(wait_until([&] { return scene.strangers() == 0; }, 15s)) << scene.strangers();
    EXPECT_EQ(mute.counts().ended, 0u) << "they have got all that was sent, and a reset might take it from them";
  });
}

}  // namespace
}  // namespace signalbox::test
