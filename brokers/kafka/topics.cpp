#include "brokers/kafka/topics.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "brokers/kafka/presence_partition.hpp"

namespace signalbox::kafka {
namespace {

constexpr int kWaitMs = 1000;
constexpr std::int64_t kTombstonesMs = 2 * PresencePartition::kAwayMs;

[[noreturn]] void refuse(const std::string& text) { throw ConnectFault{{FaultKind::config, text}}; }

[[noreturn]] void fail(rd_kafka_resp_err_t error, const std::string& what, const char* text = nullptr) {
  FaultKind kind = meaning_of(error).kind;
  if (kind == FaultKind::passing) kind = FaultKind::lost;
  throw ConnectFault{{kind, what + ": " + words(error, text ? text : "")}};
}

struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const noexcept { rd_kafka_event_destroy(event); }
};
struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const noexcept { rd_kafka_AdminOptions_destroy(options); }
};
using Event = std::unique_ptr<rd_kafka_event_t, EventDeleter>;

/// Runs one call of the admin interface and waits for what comes of it.
template <class Call>
Event ask(const Client& client, rd_kafka_admin_op_t operation, const std::string& what, Call call) {
  const std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter> options(
      rd_kafka_AdminOptions_new(client.producer(), operation));
  std::array<char, 256> error{};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kWaitMs, error.data(), error.size());
  const KafkaPtr<rd_kafka_queue_t> queue(rd_kafka_queue_new(client.producer()));
  call(options.get(), queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), 3 * kWaitMs));
  if (!event) fail(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  if (const auto code = rd_kafka_event_error(event.get())) fail(code, what, rd_kafka_event_error_string(event.get()));
  return event;
}

std::string value_of(const TopicSettings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? std::string() : found->second;
}

std::int64_t number_of(const TopicSettings& settings, const std::string& key, std::int64_t otherwise) {
  const std::string text = value_of(settings, key);
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

}  // namespace

// One clock a partition, its leader's: those of the instances may differ by any amount.
TopicPlan presence_plan(const Options& options) {
  return {options.presence_topic,
          "presence_partitions",
          options.presence_partitions,
          {{"cleanup.policy", "compact"}, {"message.timestamp.type", "LogAppendTime"}},
          {{"segment.bytes", "67108864"},
           {"min.cleanable.dirty.ratio", "0.1"},
           {"max.compaction.lag.ms", "600000"},
           {"delete.retention.ms", std::to_string(kTombstonesMs)},
           {"unclean.leader.election.enable", "false"}},
          kTombstonesMs};
}

TopicPlan inbox_plan(const Options& options) {
  return {options.inbox_topic,
          "inbox_partitions",
          options.inbox_partitions,
          {{"cleanup.policy", "delete"}, {"message.timestamp.type", "LogAppendTime"}},
          {{"retention.ms", "60000"}, {"segment.ms", "60000"}, {"unclean.leader.election.enable", "false"}}};
}

void check(const TopicPlan& plan, const TopicSettings& settings, int partitions) {
  for (const auto& [key, value] : plan.required) {
    const std::string found = value_of(settings, key);
    if (found != value) refuse("topic " + plan.name + " has " + key + "=" + found + ": it must be " + value);
  }
  if (value_of(settings, "unclean.leader.election.enable") == "true") {
    refuse("topic " + plan.name + " has unclean.leader.election.enable=true, which loses records in silence: it must be false");
  }
  if (number_of(settings, "delete.retention.ms", plan.tombstones_ms) < plan.tombstones_ms) {
    refuse("topic " + plan.name + " has delete.retention.ms=" + value_of(settings, "delete.retention.ms") +
           ": it must be at least " + std::to_string(plan.tombstones_ms));
  }
  if (partitions < plan.partitions) {
    refuse("topic " + plan.name + " has " + std::to_string(partitions) + " partitions: broker.kafka." + plan.partitions_option +
           " asks for " + std::to_string(plan.partitions));
  }
}

std::size_t check_record_bytes(const TopicPlan& plan, const TopicSettings& settings, std::size_t needed) {
  const auto bytes = static_cast<std::size_t>(number_of(settings, "max.message.bytes", 1'000'000));
  if (bytes < needed) {
    refuse("topic " + plan.name + " has max.message.bytes=" + std::to_string(bytes) + ": limits.message_bytes needs " +
           std::to_string(needed));
  }
  return bytes;
}

std::optional<TopicSettings> describe(const Client& client, const std::string& topic) {
  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const Event event =
      ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "asking about topic " + topic, [&](auto* options, auto* queue) {
        rd_kafka_DescribeConfigs(client.producer(), &resource, 1, options, queue);
        rd_kafka_ConfigResource_destroy(resource);
      });
  std::size_t count = 0;
  const auto* resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) fail(RD_KAFKA_RESP_ERR__BAD_MSG, "asking about topic " + topic);
  const rd_kafka_resp_err_t error = rd_kafka_ConfigResource_error(resources[0]);
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return std::nullopt;
  if (error) fail(error, "asking about topic " + topic, rd_kafka_ConfigResource_error_string(resources[0]));
  const auto* entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  TopicSettings settings;
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    settings[rd_kafka_ConfigEntry_name(entries[i])] = value ? value : "";
  }
  return settings;
}

void create(const Client& client, const TopicPlan& plan, int replication_factor) {
  std::array<char, 256> text{};
  rd_kafka_NewTopic_t* topic =
      rd_kafka_NewTopic_new(plan.name.c_str(), plan.partitions, replication_factor, text.data(), text.size());
  if (!topic) refuse("topic " + plan.name + " can't be created: " + text.data());
  for (const auto* settings : {&plan.required, &plan.settings}) {
    for (const auto& [key, value] : *settings) rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str());
  }
  const Event event =
      ask(client, RD_KAFKA_ADMIN_OP_CREATETOPICS, "creating topic " + plan.name, [&](auto* options, auto* queue) {
        rd_kafka_CreateTopics(client.producer(), &topic, 1, options, queue);
        rd_kafka_NewTopic_destroy(topic);
      });
  std::size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count != 1) fail(RD_KAFKA_RESP_ERR__BAD_MSG, "creating topic " + plan.name);
  const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[0]);
  if (error && error != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
    fail(error, "creating topic " + plan.name, rd_kafka_topic_result_error_string(results[0]));
  }
}

int count_partitions(const Client& client, Topic topic) {
  const struct rd_kafka_metadata* metadata = nullptr;
  const std::string name = rd_kafka_topic_name(client.read_topic(topic));
  if (const auto error = rd_kafka_metadata(client.consumer(), 0, client.read_topic(topic), &metadata, kWaitMs)) {
    fail(error, "asking for the partitions of topic " + name);
  }
  const rd_kafka_metadata_topic& found = metadata->topics[0];
  const auto error = metadata->topic_cnt == 1 ? found.err : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
  const int count = metadata->topic_cnt == 1 ? found.partition_cnt : 0;
  const bool led = std::all_of(found.partitions, found.partitions + count, [](const auto& one) { return one.leader >= 0; });
  rd_kafka_metadata_destroy(metadata);
  // Just created: not every broker knows it yet.
  if (error || count == 0 || !led) throw ConnectFault{{FaultKind::lost, "topic " + name + " has partitions without a leader"}};
  return count;
}

std::int64_t end_of(const Client& client, const std::string& topic, int partition) {
  std::int64_t low = 0;
  std::int64_t high = 0;
  const auto error = rd_kafka_query_watermark_offsets(client.consumer(), topic.c_str(), partition, &low, &high, kWaitMs);
  if (error) fail(error, "asking for the end of topic " + topic);
  return high;
}

}  // namespace signalbox::kafka
