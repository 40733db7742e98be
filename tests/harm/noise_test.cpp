// Clients that send what means nothing, without end.
#include <gtest/gtest.h>

#include "tests/harm/scene.hpp"

namespace signalbox::test {
namespace {

TEST(Garbage, EndsItsConnection) {
  Scene scene;
  scene.repeat(3, [&] {
    hostile::Swarm requests(scene.instance.port(), hostile::garbage(false), {.count = 20});
    hostile::Swarm frames(scene.instance.port(), hostile::garbage(true), {.count = 20});
    hostile::Swarm api(scene.instance.api_port(), hostile::garbage(false), {.count = 20});
    for (const hostile::Swarm* swarm : {&requests, &frames, &api}) {
      EXPECT_TRUE(wait_until([&] { return swarm->counts().ended > 200; })) << swarm->counts().ended;
    }
    scene.expect_open_to_newcomers();
  });
}

/// Without limits.messages_per_second, which would soon end it.
TEST(Chatter, IsCountedAndHoldsUpNobody) {
  Scene scene(Settings{{"limits.messages_per_second", "0"}});
  scene.repeat(3, [&] {
    const double before = scene.instance.metric("signalbox_ignored_messages_total");
    hostile::Swarm chatter(scene.instance.port(), hostile::chatter("chatter"), {.count = 8, .again = false});
    EXPECT_TRUE(wait_until([&] { return scene.instance.metric("signalbox_ignored_messages_total") > before + 20'000; }));
    scene.expect_open_to_newcomers();
  });
}

}  // namespace
}  // namespace signalbox::test
