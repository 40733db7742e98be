#include "tests/harm/scene.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <utility>

#include <gtest/gtest.h>

namespace signalbox::test {
namespace {

/// What a message may take to a client that behaves, and an answer to a back end, whatever others do. Who had to wait for one
/// that does harm would wait for a timeout: as these tests set them 1 to 3 s for each in the way, by default 5 s or more.
constexpr milliseconds kInTime = 3s;
/// By how much the allocator's state may differ from one round to the next.
constexpr std::size_t kNoise = 6 * 1024 * 1024;
/// It keeps all of one round's memory and next to nothing of another's, so a round that seems to leak is asked again.
constexpr int kMoreRounds = 3;

Settings with_two_threads(Settings settings) {
  settings.emplace("server.threads", "2");
  return settings;
}

}  // namespace

std::string duration(milliseconds time) { return std::to_string(scaled(time).count()) + "ms"; }

Scene::Scene(Settings settings, Instance::Launch launch)
    : instance(with_two_threads(std::move(settings)), std::move(launch)), witness(instance) {
  begin();
}

Scene::Scene(const RedisServer& redis, Settings settings)
    : instance(redis, with_two_threads(std::move(settings))), witness(instance) {
  begin();
}

void Scene::begin() {
  EXPECT_TRUE(wait_until([this] { return witness.published() > 0; }));
  before_ = footprint();
}

Scene::~Scene() {
  const Witness::Report report = witness.finish();
  std::cout << "witness: " << report << "\n";
  EXPECT_GT(report.published, 0u);
  EXPECT_EQ(report.refused, 0u);
  EXPECT_EQ(report.not_ready, 0u);
  EXPECT_EQ(report.lost, 0u);
  EXPECT_EQ(report.reordered, 0u);
  EXPECT_EQ(report.disconnected, 0u);
  EXPECT_LE(report.longest_wait, scaled(kInTime));
  EXPECT_LE(report.longest_answer, scaled(kInTime));
  EXPECT_TRUE(instance.process().running()) << instance.process().errors();
  instance.expect_clean_end();
}

std::size_t Scene::strangers() {
  return static_cast<std::size_t>(instance.metric("signalbox_connections")) - witness.devices();
}

void Scene::repeat(int times, const std::function<void()>& harm) {
  if (kSanitized) times = 1;  // what the rounds compare is memory, which sanitizers distort
  std::size_t most = 0;
  bool grown = false;
  for (int round = 0; round < times || (grown && round < times + kMoreRounds); ++round) {
    harm();
    EXPECT_TRUE(wait_until([this] { return strangers() == 0; }, 15s)) << strangers() << " connections are left";
    EXPECT_TRUE(wait_until([this] { return footprint().descriptors <= before_.descriptors; }))
        << footprint().descriptors << " descriptors instead of " << before_.descriptors << " after round " << round;
    EXPECT_TRUE(wait_until([this] { return instance.metric("signalbox_queue_bytes", "connection") == 0; }));
    const std::size_t bytes = footprint().anonymous_bytes;
    std::cout << "after round " << round << ": " << bytes / 1024 << " KiB, before: " << before_.anonymous_bytes / 1024
              << " KiB\n";
    grown = round > 0 && bytes > most + kNoise;
    most = std::max(most, bytes);
  }
  EXPECT_FALSE(grown) << "in each round, to " << most << " bytes";
}

void Scene::publish_to_each(const std::string& user, std::size_t count, const std::string& payload) {
  std::string lines;
  for (std::size_t number = 0; number < count; ++number) {
    lines += R"({"user":")" + user + std::to_string(number) + R"(","text":")" + payload + "\"}\n";
  }
  EXPECT_EQ(instance.http().post("/api/v1/messages", lines).status, 200u);
}

void Scene::expect_open_to_newcomers() {
  EXPECT_TRUE(wait_until([this] {
    try {
      return WebSocketClient(instance.port()).answers_ping();
    } catch (const std::exception&) {
      return false;
    }
  })) << "nobody gets in";
}

}  // namespace signalbox::test
