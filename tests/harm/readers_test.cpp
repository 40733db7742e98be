// Clients that read too slowly, or not at all.
#include <cmath>

#include <gtest/gtest.h>

#include "tests/harm/scene.hpp"

namespace signalbox::test {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

double closed(Instance& instance, const char* code) {
  return instance.metric("signalbox_closes_total", "code=\"" + std::string(code) + "\"");
}

TEST(AStalledReader, IsClosedAndTheRestOfTenMegabytesIsCountedAsDropped) {
  constexpr std::size_t kMessage = 64 * 1024;
  Scene scene(Settings{{"limits.queue_bytes", "1MiB"}, {"server.threads", "1"}});
  Instance& instance = scene.instance;
  const std::string payload(kMessage, 'x');
  // The broker counts the user until broker.unsubscribe_delay is over: what comes meanwhile finds nobody.
  const auto lost = [&] {
    return instance.metric("signalbox_dropped_total", "connection") + instance.metric("signalbox_dropped_total", "no_receiver");
  };
  scene.repeat(2, [&] {
    const std::size_t before = scene.footprint().anonymous_bytes;
    const double closes = closed(instance, "4008");
    const double dropped = lost();
    hostile::Swarm stalled(instance.port(), hostile::stalled_reader("stalled"), {.count = 1, .again = false});
    ASSERT_TRUE(wait_until([&] { return instance.exists("stalled0"); }));
    std::size_t delivered = 0;
    std::size_t most = before;
    for (std::size_t bytes = 0; bytes < 10 * kMiB; bytes += kMessage) {
      const unsigned status = instance.publish("stalled0", payload).status;
      ASSERT_TRUE(status == 200 || status == 404) << status;
      if (status == 200) ++delivered;
      most = std::max(most, scene.footprint().anonymous_bytes);
    }
    EXPECT_TRUE(wait_until([&] { return closed(instance, "4008") == closes + 1; }));
    // What was neither dropped nor waits is in the kernel's buffers: 64 KiB here, a little at the client's.
    EXPECT_TRUE(wait_until([&] { return lost() - dropped >= static_cast<double>(delivered) - 3; }))
        << lost() - dropped << " of " << delivered;
    EXPECT_LE(lost() - dropped, static_cast<double>(delivered));
    EXPECT_LE(PortFootprint::of(instance.port()).unsent_bytes, 256 * 1024u);
    EXPECT_TRUE(kSanitized || most <= before + 4 * kMiB) << most << " from " << before;
    EXPECT_TRUE(wait_until([&] { return scene.strangers() == 0; })) << "the connection was not given up";
    EXPECT_TRUE(wait_until([&] { return PortFootprint::of(instance.port()).orphans == 0; }, 5s))
        << "the kernel still keeps what nobody reads";
  });
}

TEST(StalledReaders, OfWhomThereAreFourHundredStayWithinTheTotal) {
  constexpr std::size_t kCount = 400;
  Scene scene(Settings{{"limits.queue_bytes", "1MiB"}, {"limits.queue_total_bytes", "4MiB"}});
  Instance& instance = scene.instance;
  const std::string payload(16 * 1024, 'x');
  scene.repeat(2, [&] {
    const std::size_t before = scene.footprint().anonymous_bytes;
    const double closes = closed(instance, "4008");
    hostile::Swarm stalled(instance.port(), hostile::stalled_reader("stalled"), {.count = kCount, .again = false});
    ASSERT_TRUE(wait_until([&] { return scene.strangers() == kCount; }));
    std::size_t most = before;
    for (int messages = 0; messages < 10; ++messages) {
      scene.publish_to_each("stalled", kCount, payload);
      most = std::max(most, scene.footprint().anonymous_bytes);
    }
    EXPECT_TRUE(wait_until([&] { return closed(instance, "4008") > closes; }));
    EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_queue_bytes", "connection") <= 4 * kMiB; }));
    // The total is looked at every 50 ms: a batch of 6.4 MB may come in between.
    EXPECT_TRUE(kSanitized || most <= before + 48 * kMiB) << most << " from " << before;
  });
}

/// They answer no ping in time, since it waits behind what they do not read.
TEST(TricklingReaders, AreClosedByTheirMissingPongs) {
  constexpr std::size_t kCount = 100;
  Scene scene(Settings{{"limits.ping_interval", duration(1s)}, {"limits.pong_timeout", duration(2s)}});
  Instance& instance = scene.instance;
  const std::string payload(60 * 1024, 'x');
  scene.repeat(2, [&] {
    const double closes = closed(instance, "1011");
    hostile::Swarm trickling(instance.port(), hostile::trickling_reader("trickling"), {.count = kCount, .again = false});
    ASSERT_TRUE(wait_until([&] { return scene.strangers() == kCount; }));
    for (int messages = 0; messages < 3; ++messages) scene.publish_to_each("trickling", kCount, payload);
    EXPECT_TRUE(wait_until([&] { return closed(instance, "1011") == closes + kCount; }));
    EXPECT_TRUE(wait_until([&] { return scene.strangers() == 0; }));
    EXPECT_TRUE(wait_until([&] { return PortFootprint::of(instance.port()).orphans == 0; }, 5s));
  });
}

/// Their pongs answer no ping, and to the kernel of the server they are not alive.
TEST(StalledReadersWithPongs, AreEndedWhenTheyHaveTakenNothingForAsLong) {
  constexpr std::size_t kCount = 100;
  Scene scene(Settings{{"limits.ping_interval", duration(1s)}, {"limits.pong_timeout", duration(2s)}});
  Instance& instance = scene.instance;
  const std::string payload(60 * 1024, 'x');
  scene.repeat(2, [&] {
    hostile::Swarm stalled(instance.port(), hostile::stalled_reader("stalled", true),
                           {.count = kCount, .again = false, .tick = 200ms});
    ASSERT_TRUE(wait_until([&] { return scene.strangers() == kCount; }));
    for (int messages = 0; messages < 3; ++messages) scene.publish_to_each("stalled", kCount, payload);
    EXPECT_TRUE(wait_until([&] { return scene.strangers() == 0; }, 15s)) << scene.strangers();
    EXPECT_TRUE(wait_until([&] { return PortFootprint::of(instance.port()).orphans == 0; }, 5s));
  });
}

}  // namespace
}  // namespace signalbox::test
