// The section `broker.kafka`: its table, and what it says after reading.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "signalbox/settings.hpp"

#include "brokers/common/options.hpp"

namespace signalbox::kafka {

inline constexpr Option kOptions[] = {
    {"bootstrap_servers", "text", "localhost:9092",
     "Some of the cluster's brokers, host:port, with commas between them; without a port it is 9092.", 0, 0, 0, 0},
    {"topic_prefix", "text", "signalbox",
     "The topics are PREFIX.presence and PREFIX.inbox. Instances that share them reach each other.", 0, 0, 0, 0},
    {"create_topics", "boolean", "true", "Whether topics that are missing are created at the start; else they are an error.", 0,
     0, 0, 0},
    {"presence_partitions", "integer", "8",
     "Partitions of the presence topic: as many when it is created, at least as many when it is there.", 1, 256, 0, 0},
    {"inbox_partitions", "integer", "64",
     "The same for the inbox topic. Instances that share a partition read each other's messages and drop them.", 1, 4096, 0, 0},
    {"replication_factor", "integer", "-1", "Copies of each partition of a topic that is created; -1: the cluster's default.",
     -1, 32, 0, 0},
    brokers::kPublishQueueBytes,
    {"properties.sasl.oauthbearer.client.secret", "text", "", "The secret of SASL OAUTHBEARER's client.", 0, 0,
     SIGNALBOX_OPTION_SECRET, 0},
    {"properties.sasl.oauthbearer.config", "text", "", "The configuration of SASL OAUTHBEARER's token.", 0, 0,
     SIGNALBOX_OPTION_SECRET, 0},
    {"properties.sasl.password", "text", "", "The password of SASL.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
    {"properties.ssl.key.password", "text", "", "The password of the client certificate's key.", 0, 0, SIGNALBOX_OPTION_SECRET,
     0},
    {"properties.ssl.key.pem", "text", "", "The client certificate's key itself.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
    {"properties.ssl.keystore.password", "text", "", "The password of the client's key store.", 0, 0, SIGNALBOX_OPTION_SECRET,
     0},
    {"properties.", "text", "",
     "Any other property of librdkafka, as its CONFIGURATION.md names it: security.protocol, sasl.mechanisms, sasl.username, "
     "ssl.ca.location.",
     0, 0, SIGNALBOX_OPTION_PREFIX, 0},
};

struct Options {
  std::string bootstrap_servers = "localhost:9092";
  std::string presence_topic = "signalbox.presence";
  std::string inbox_topic = "signalbox.inbox";
  bool create_topics = true;
  int presence_partitions = 8;
  int inbox_partitions = 64;
  int replication_factor = -1;
  std::size_t publish_queue_bytes = std::size_t{64} << 20;  ///< librdkafka has room for more
  /// For librdkafka, in order.
  std::vector<std::pair<std::string, std::string>> properties;
};

/// Errors: std::invalid_argument with one line: the key, what is wrong, what would be right. Never a secret in it.
Options read_options(const Settings& settings);

}  // namespace signalbox::kafka
