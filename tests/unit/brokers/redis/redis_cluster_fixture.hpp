// What the tests of a real Redis Cluster have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "brokers/redis/hash_tags.hpp"
#include "tests/support/booked_broker.hpp"
#include "tests/support/redis_cluster.hpp"
#include "tests/unit/brokers/redis/redis_instance.hpp"

namespace signalbox::test {

using redis::HashTags;

inline Values values(const RedisCluster& cluster) {
  Values values{{"mode", "cluster"}};
  for (const std::string& url : cluster.urls()) values.emplace_back("urls", url);
  return values;
}

inline BrokerUnderLoad::Make brokers(const RedisCluster& cluster) {
  return [&cluster] { return std::make_unique<RedisBroker>(Settings(values(cluster))); };
}

/// By its name on the wire, of an instance without a prefix.
inline std::string tagged(const std::string& channel, const std::string& prefix = "") {
  std::string name;
  HashTags(prefix).tagged(channel, name);
  return name;
}

inline std::uint16_t slot_of(const std::string& channel) { return redis::slot_of(tagged(channel)); }

/// How many connections subscribe to the channel there.
inline int holders(const RedisServer& server, const std::string& channel) {
  const std::string answer = server.command({"PUBSUB", "SHARDNUMSUB", tagged(channel)});
  return std::stoi(answer.substr(answer.rfind('\n') + 1));
}

inline const RedisServer& other_than(const RedisCluster& cluster, const RedisServer& server) {
  return cluster.servers()[0].get() == &server ? *cluster.servers()[1] : *cluster.servers()[0];
}

inline std::vector<std::string> numbered(int count) {
  std::vector<std::string> channels;
  for (int i = 0; i < count; ++i) channels.push_back("user" + std::to_string(i));
  return channels;
}

inline void subscribe_all(RedisBroker& broker, const std::vector<std::string>& channels) {
  std::vector<Pending> calls;
  for (const std::string& channel : channels) calls.push_back(subscribe(broker, channel));
  for (Pending& call : calls) ASSERT_TRUE(wait(std::move(call)).ok());
}

/// All channels that a gap was told for, and how often all were meant.
struct Gaps {
  std::set<std::string> channels;
  int of_all = 0;
};
inline Gaps gaps(RedisInstance& instance) {
  Gaps gaps;
  for (const auto& some : instance.host.snapshot().gap_channels) {
    if (some.empty()) ++gaps.of_all;
    gaps.channels.insert(some.begin(), some.end());
  }
  return gaps;
}

}  // namespace signalbox::test
