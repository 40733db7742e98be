// Clients that never come to the end of their handshake.
#include <gtest/gtest.h>

#include "tests/harm/scene.hpp"

namespace signalbox::test {
namespace {

constexpr milliseconds kTimeout = 1s;
const Settings kShort{{"limits.handshake_timeout", duration(kTimeout)}, {"api.idle_timeout", duration(kTimeout)}};

/// A swarm on each listener, until the server has ended as many sockets as there are in both.
void until_all_were_cut(Scene& scene, hostile::Harm on_clients, hostile::Harm on_api, const hostile::Swarm::Options& options) {
  hostile::Swarm clients(scene.instance.port(), std::move(on_clients), options);
  hostile::Swarm api(scene.instance.api_port(), std::move(on_api), options);
  scene.expect_open_to_newcomers();
  EXPECT_TRUE(wait_until([&] { return clients.counts().ended >= options.count; })) << clients.counts().ended;
  scene.expect_open_to_newcomers();
  EXPECT_TRUE(wait_until([&] { return api.counts().ended >= options.count; })) << api.counts().ended;
}

/// A byte every 50 ms is never late by itself: the request as a whole is.
TEST(SlowHandshakes, AreCutAfterTheirTimeInTotal) {
  Scene scene(kShort);
  scene.repeat(2, [&] {
    const auto begin = std::chrono::steady_clock::now();
    until_all_were_cut(scene, hostile::slow_handshake(), hostile::slow_handshake(), {.count = 300, .tick = 50ms});
    EXPECT_GE(std::chrono::steady_clock::now() - begin, scaled(kTimeout)) << "cut before their time";
  });
}

TEST(SilentConnections, AreCut) {
  Scene scene(kShort);
  scene.repeat(2, [&] { until_all_were_cut(scene, hostile::silence(), hostile::silence(), {.count = 300}); });
}

/// Nothing else may end them.
TEST(HeaderFloods, EndAtTheLimitOfAHead) {
  Scene scene(Settings{{"limits.handshake_timeout", "1h"}, {"api.idle_timeout", "1h"}});
  scene.repeat(2, [&] { until_all_were_cut(scene, hostile::header_flood(), hostile::header_flood(), {.count = 50}); });
}

}  // namespace
}  // namespace signalbox::test
