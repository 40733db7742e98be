#include "brokers/kafka/options.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>

#include <boost/url/authority_view.hpp>
#include <boost/url/parse.hpp>

#include "brokers/common/url.hpp"

namespace signalbox::kafka {
namespace {

using brokers::refuse;

constexpr std::string_view kProperties = "properties.";

/// What the plugin stands on: another value would break a promise, or is an option of its own.
constexpr std::string_view kOurs[] = {"acks",
                                      "allow.auto.create.topics",
                                      "auto.commit.enable",
                                      "auto.offset.reset",
                                      "batch.size",
                                      "bootstrap.servers",
                                      "check.crcs",
                                      "delivery.report.only.error",
                                      "delivery.timeout.ms",
                                      "enable.auto.commit",
                                      "enable.auto.offset.store",
                                      "enable.gapless.guarantee",
                                      "enable.idempotence",
                                      "enable.partition.eof",
                                      "enabled_events",
                                      "fetch.error.backoff.ms",
                                      "fetch.wait.max.ms",
                                      "group.id",
                                      "linger.ms",
                                      "log.queue",
                                      "message.max.bytes",
                                      "message.timeout.ms",
                                      "metadata.broker.list",
                                      "queue.buffering.max.kbytes",
                                      "queue.buffering.max.messages",
                                      "queue.buffering.max.ms",
                                      "request.required.acks",
                                      "topic.blacklist",
                                      "transactional.id"};

bool is_topic_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/// As librdkafka reads one of bootstrap.servers: [PROTOCOL://]HOST[:PORT].
bool is_server(std::string text) {
  constexpr std::string_view kProtocols[] = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
  if (const std::size_t end = text.find("://"); end != std::string::npos) {
    std::string protocol = text.substr(0, end);
    std::transform(protocol.begin(), protocol.end(), protocol.begin(), [](unsigned char c) { return std::tolower(c); });
    if (std::find(std::begin(kProtocols), std::end(kProtocols), protocol) == std::end(kProtocols)) return false;
    text.erase(0, end + 3);
  }
  const auto server = boost::urls::parse_authority(text);
  if (!server || server->has_userinfo() || server->encoded_host_address().empty()) return false;
  const auto port = server->port();
  return !server->has_port() || brokers::is_port({port.data(), port.size()});
}

void read_servers(const Settings& settings, Options& options) {
  options.bootstrap_servers = settings.text("bootstrap_servers");
  for (std::string_view left = options.bootstrap_servers;;) {
    const std::size_t comma = std::min(left.find(','), left.size());
    std::string_view server = left.substr(0, comma);
    while (server.starts_with(' ')) server.remove_prefix(1);
    while (server.ends_with(' ')) server.remove_suffix(1);
    if (!is_server(std::string(server)))
      refuse("bootstrap_servers: host:port, with commas between several, as in k1:9092,k2:9092");
    if (comma == left.size()) return;
    left.remove_prefix(comma + 1);
  }
}

void read_topics(const Settings& settings, Options& options) {
  constexpr std::size_t kLongest = 200;  // a topic's name has 249 at most
  const std::string prefix = settings.text("topic_prefix");
  if (prefix.empty() || prefix.size() > kLongest || !std::all_of(prefix.begin(), prefix.end(), is_topic_byte)) {
    refuse("topic_prefix: 1 to 200 of a-z, A-Z, 0-9, dot, dash and underscore, as topics have them");
  }
  options.presence_topic = prefix + ".presence";
  options.inbox_topic = prefix + ".inbox";
}

void read_properties(const Settings& settings, Options& options) {
  for (const auto& [key, value] : settings.all()) {
    if (!key.starts_with(kProperties) || value.empty()) continue;
    const std::string name = key.substr(kProperties.size());
    if (std::find(std::begin(kOurs), std::end(kOurs), name) != std::end(kOurs)) {
      refuse(key + ": the plugin sets this one itself; remove it");
    }
    options.properties.emplace_back(name, value);
  }
}

}  // namespace

Options read_options(const Settings& settings) {
  Options options;
  read_servers(settings, options);
  read_topics(settings, options);
  options.create_topics = settings.flag("create_topics");
  options.presence_partitions = static_cast<int>(settings.integer("presence_partitions"));
  options.inbox_partitions = static_cast<int>(settings.integer("inbox_partitions"));
  options.replication_factor = static_cast<int>(settings.integer("replication_factor"));
  if (options.replication_factor == 0) refuse("replication_factor: -1 for the cluster's default, or 1 and more");
  options.publish_queue_bytes = brokers::read_publish_queue_bytes(settings);
  read_properties(settings, options);
  return options;
}

}  // namespace signalbox::kafka
