// Everybody comes at once, goes at once, and comes again.
#include <gtest/gtest.h>

#include "tests/harm/scene.hpp"

namespace signalbox::test {
namespace {

/// Calls of a command as Redis counts them.
long calls(const RedisServer& redis, const std::string& command) {
  const std::string info = redis.command({"INFO", "commandstats"});
  const std::size_t at = info.find("cmdstat_" + command + ":calls=");
  return at == std::string::npos ? 0 : std::stol(info.substr(info.find('=', at) + 1));
}

TEST(ReconnectStorms, CostTheBrokerNextToNothing) {
  constexpr std::size_t kUsers = 200;
  RedisServer redis;
  Scene scene(redis, {{"broker.unsubscribe_delay", duration(1s)}});
  Instance& instance = scene.instance;
  scene.repeat(2, [&] {
    const long before = calls(redis, "unsubscribe");
    hostile::Swarm storm(instance.port(), hostile::reconnecter("storm", kUsers), {.count = kUsers});
    EXPECT_TRUE(wait_until([&] { return storm.counts().opened > 20 * kUsers; }, 20s)) << storm.counts().opened;
    // Each user comes back within the delay unless the machine is slow: by how much is not what this is about.
    const long unsubscribed = calls(redis, "unsubscribe") - before;
    EXPECT_LE(unsubscribed, static_cast<long>(storm.counts().opened / 4)) << "of " << storm.counts().opened;
    scene.expect_open_to_newcomers();
    storm.stop();
    EXPECT_TRUE(wait_until([&] { return instance.metric("signalbox_users") == 1; }));
    EXPECT_TRUE(wait_until([&] { return redis.subscribers("storm0") == 0; }));
  });
}

TEST(Herds, OfTwoThousandAreRegisteredAtOnce) {
  constexpr std::size_t kCount = 2000;
  RedisServer redis;
  Scene scene(redis);
  Instance& instance = scene.instance;
  const auto registrations = [&] { return instance.metric("signalbox_registrations_total"); };
  scene.repeat(2, [&] {
    const double before = registrations();
    hostile::Swarm herd(instance.port(), hostile::mute_peer("herd"), {.count = kCount, .again = false});
    EXPECT_TRUE(wait_until([&] { return registrations() == before + kCount; })) << registrations() - before;
    EXPECT_EQ(instance.publish("herd" + std::to_string(kCount - 1), "there").status, 200u);
  });
}

}  // namespace
}  // namespace signalbox::test
