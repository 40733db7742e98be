// The two topics: what they must be, how they are made, what is wrong with those that are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "brokers/kafka/client.hpp"

namespace signalbox::kafka {

/// A fault that ends or delays the attempt to connect. Thrown within the connector's thread only.
struct ConnectFault {
  Fault fault;
};

/// What must hold of a topic.
struct TopicPlan {
  std::string name;
  std::string partitions_option;  ///< "presence_partitions"
  int partitions;
  std::map<std::string, std::string> required;  ///< "cleanup.policy" → "compact"; also where another has made it
  std::map<std::string, std::string> settings;  ///< the others, when it is created
  std::int64_t tombstones_ms = 0;               ///< how long it must keep them at least
};
[[nodiscard]] TopicPlan presence_plan(const Options& options);
[[nodiscard]] TopicPlan inbox_plan(const Options& options);

/// A topic's settings as the cluster has them: "cleanup.policy" → "compact".
using TopicSettings = std::map<std::string, std::string>;

/// Throws ConnectFault (config) with the topic, what is wrong, what would be right.
void check(const TopicPlan& plan, const TopicSettings& settings, int partitions);
/// The same for the largest batch of records that it takes, which is told: at least `needed`.
std::size_t check_record_bytes(const TopicPlan& plan, const TopicSettings& settings, std::size_t needed);

/// The rest asks the cluster. Waits about a second at most; Errors: ConnectFault.
/// Nothing if the topic is not there.
[[nodiscard]] std::optional<TopicSettings> describe(const Client& client, const std::string& topic);
/// That it is there already is no error: another instance was faster.
void create(const Client& client, const TopicPlan& plan, int replication_factor);
[[nodiscard]] int count_partitions(const Client& client, Topic topic);
[[nodiscard]] std::int64_t end_of(const Client& client, const std::string& topic, int partition);

}  // namespace signalbox::kafka
