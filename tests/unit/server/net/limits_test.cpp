#include "server/net/limits.hpp"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "core/fault.hpp"

namespace signalbox {
namespace {

/// Fewer descriptors than these are refused to one shard; they leave 16 sockets for clients, 4 of them for handshakes.
constexpr std::uint64_t kLeast = SocketLimits::kForApi + SocketLimits::kForProcess + SocketLimits::kForShard + 16;

constexpr AddressKey kSomebody{1};
constexpr AddressKey kSomebodyElse{2};
constexpr auto kAdmitted = SocketLimits::Admission::admitted;
constexpr auto kFull = SocketLimits::Admission::full;
constexpr auto kAddressFull = SocketLimits::Admission::address_full;

/// With limits.connections set to this.
LiveLimits limits_of(std::uint64_t connections) {
  Config::Limits limits;
  limits.connections = connections;
  return LiveLimits(limits);
}

TEST(SocketLimits, LeaveRoomForTheApiTheProcessAndHandshakes) {
  struct Row {
    std::uint64_t descriptors;
    unsigned shards;
    std::uint64_t configured;
    std::uint64_t expected;
  };
  for (const Row& row :
       {Row{kLeast, 1, 0, 12}, Row{1000, 1, 0, 1000 - 165 - 104}, Row{20'000, 1, 0, 20'000 - 165 - 256},
        Row{20'000, 64, 0, 20'000 - 480 - 256}, Row{1'000'000, 1, 0, 1'000'000 - 165 - 256}, Row{1000, 1, 100, 100},
        Row{1000, 1, 731, 731}, Row{1000, 1, 732, 731}, Row{1000, 1, 1'000'000, 731}}) {
    const LiveLimits live = limits_of(row.configured);
    const SocketLimits limits(row.descriptors, live, row.shards);
    EXPECT_EQ(limits.max_connections(), row.expected) << row.descriptors << ", configured " << row.configured;
    EXPECT_EQ(limits.descriptors(), row.descriptors);
  }
}

TEST(SocketLimits, RefuseToStartWithTooFewDescriptors) {
  const LiveLimits live = limits_of(0);
  EXPECT_NO_THROW(SocketLimits(kLeast, live, 1));
  try {
    const SocketLimits limits(kLeast - 1, live, 1);
    FAIL() << "did not throw";
  } catch (const StartError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find(std::to_string(kLeast - 1)), std::string::npos) << text;
    EXPECT_NE(text.find(std::to_string(kLeast)), std::string::npos) << text;
    EXPECT_NE(text.find("ulimit -n"), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
}

TEST(SocketLimits, AdmitAsManyConnectionsAsAllowed) {
  const LiveLimits live = limits_of(3);
  SocketLimits limits(1000, live, 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted);
  EXPECT_EQ(limits.admit_connection(kSomebody), kFull);
  EXPECT_EQ(limits.admit_connection(kSomebody), kFull);
  limits.release_connection(kSomebody);
  EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted) << "a refusal has taken no place";
  EXPECT_EQ(limits.admit_connection(kSomebody), kFull);
}

TEST(SocketLimits, CloseNobodyWhenTheyAreLowered) {
  LiveLimits live = limits_of(3);
  SocketLimits limits(1000, live, 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted);
  live.connections = 2;
  EXPECT_EQ(limits.admit_connection(kSomebody), kFull);
  limits.release_connection(kSomebody);
  EXPECT_EQ(limits.admit_connection(kSomebody), kFull) << "two are still there";
  limits.release_connection(kSomebody);
  EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted);
  live.connections = 4;
  EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted);
  EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted);
  EXPECT_EQ(limits.admit_connection(kSomebody), kFull);
}

TEST(SocketLimits, AdmitAsManyFromOneAddressAsAllowed) {
  LiveLimits live = limits_of(4);
  live.connections_per_ip = 2;
  SocketLimits limits(1000, live, 1);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted);
  EXPECT_EQ(limits.admit_connection(kSomebody), kAddressFull);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(limits.admit_connection(kSomebodyElse), kAdmitted) << "a refusal has taken no place";
  EXPECT_EQ(limits.admit_connection(AddressKey{3}), kFull);
  limits.release_connection(kSomebody);
  EXPECT_EQ(limits.admit_connection(kSomebodyElse), kAddressFull);
  EXPECT_EQ(limits.admit_connection(AddressKey{3}), kAdmitted) << "nor has one for which the instance was full";
}

TEST(SocketLimits, AdmitAsManyHandshakesFromOneAddressBesideItsConnections) {
  constexpr std::size_t kMany = 20;
  LiveLimits live = limits_of(0);
  live.connections_per_ip = kMany;
  SocketLimits limits(1000, live, 1);
  for (std::size_t i = 0; i < kMany; ++i) EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted);
  for (std::size_t i = 0; i < kMany; ++i) EXPECT_TRUE(limits.admit_handshake(kSomebody));
  EXPECT_FALSE(limits.admit_handshake(kSomebody));
  EXPECT_TRUE(limits.admit_handshake(kSomebodyElse));
  limits.release_handshake(kSomebody);
  EXPECT_TRUE(limits.admit_handshake(kSomebody));
  live.connections_per_ip = 0;
  EXPECT_TRUE(limits.admit_handshake(kSomebody));
}

TEST(SocketLimits, AdmitSomeHandshakesHoweverFewConnectionsAnAddressMayHave) {
  LiveLimits live = limits_of(0);
  live.connections_per_ip = 1;
  SocketLimits limits(1000, live, 1);
  for (std::size_t i = 0; i < SocketLimits::kHandshakesOfAddress; ++i) EXPECT_TRUE(limits.admit_handshake(kSomebody));
  EXPECT_FALSE(limits.admit_handshake(kSomebody));
}

TEST(SocketLimits, KeepTheApisReserveFromAFullHouse) {
  const LiveLimits live = limits_of(0);
  SocketLimits limits(kLeast, live, 1);
  for (int i = 0; i < 16; ++i) ASSERT_TRUE(limits.take_socket()) << i;
  EXPECT_FALSE(limits.take_socket());
  for (std::uint64_t i = 0; i < SocketLimits::kForApi; ++i) ASSERT_TRUE(limits.take_api_socket()) << i;
  EXPECT_FALSE(limits.take_api_socket());
}

TEST(SocketLimits, LetTheApiHaveAnEighthOfTheRest) {
  const LiveLimits live = limits_of(0);
  SocketLimits limits(kLeast, live, 1);
  for (std::uint64_t i = 0; i < SocketLimits::kForApi + 2; ++i) ASSERT_TRUE(limits.take_api_socket()) << i;
  EXPECT_FALSE(limits.take_api_socket());
  for (int i = 0; i < 14; ++i) ASSERT_TRUE(limits.take_socket()) << i;
  EXPECT_FALSE(limits.take_socket());
  limits.release_api_socket();
  EXPECT_TRUE(limits.take_socket());
  EXPECT_FALSE(limits.take_api_socket()) << "a WebSocket has the place";
  limits.release_socket();
  EXPECT_TRUE(limits.take_api_socket());
}

TEST(SocketLimits, HoldWhenManyThreadsAskAtOnce) {
  constexpr std::uint64_t kMost = 5;
  const LiveLimits live = limits_of(kMost);
  SocketLimits limits(1000, live, 1);
  std::atomic<std::uint64_t> held{0};
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        std::uint64_t mine = 0;
        for (; mine < 3 && limits.admit_connection(kSomebody) == kAdmitted; ++mine) {
          if (held.fetch_add(1) >= kMost) exceeded = true;
        }
        for (; mine > 0; --mine) {
          held.fetch_sub(1);
          limits.release_connection(kSomebody);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  for (std::uint64_t i = 0; i < kMost; ++i) EXPECT_EQ(limits.admit_connection(kSomebody), kAdmitted) << "no place was lost";
  EXPECT_EQ(limits.admit_connection(kSomebody), kFull);
}

TEST(DescriptorLimit, IsRaisedToTheHardOne) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace signalbox
