// Descriptors run out.
#include <thread>

#include <gtest/gtest.h>

#include "tests/harm/scene.hpp"

namespace signalbox::test {
namespace {

/// Of these 96 are the process's own and 64 the API's: some 60 are left for WebSockets and handshakes.
const Instance::Launch kFew{{}, {}, 220};

TEST(Descriptors, ThatHaveRunOutPauseAcceptingAndComeBack) {
  Scene scene({}, kFew);
  scene.repeat(2, [&] {
    hostile::Swarm crowd(scene.instance.port(), hostile::mute_peer("crowd"), {.count = 300, .again = false});
    // Sockets that say nothing take the places that are kept for handshakes.
    hostile::Swarm silent(scene.instance.port(), hostile::silence(), {.count = 300});
    EXPECT_TRUE(wait_until([&] { return crowd.counts().opened == 300 && silent.counts().opened >= 300; }));
    const milliseconds before = scene.footprint().cpu;
    std::this_thread::sleep_for(2s);
    EXPECT_LE(scene.footprint().cpu - before, scaled(200ms)) << "it spins";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(HttpClient(scene.instance.api_port()).get("/healthz").status, 200u);
    EXPECT_LE(scene.footprint().descriptors, 220u);
    crowd.stop();
    silent.stop();
    scene.expect_open_to_newcomers();
  });
}

TEST(Descriptors, OfTheApiHoldNoWebSocketUp) {
  Scene scene({}, kFew);
  scene.repeat(2, [&] {
    hostile::Swarm idle(scene.instance.api_port(), hostile::idle_keep_alive(), {.count = 300, .again = false});
    EXPECT_TRUE(wait_until([&] { return idle.counts().opened == 300; }));
    for (int i = 0; i < 10; ++i) scene.expect_open_to_newcomers();
  });
}

}  // namespace
}  // namespace signalbox::test
