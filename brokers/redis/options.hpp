// The section `broker.redis`: its table, and what it says after reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "signalbox/settings.hpp"

#include "brokers/common/options.hpp"
#include "brokers/redis/handshake.hpp"
#include "brokers/redis/topology.hpp"

namespace signalbox::redis {

inline constexpr Option kOptions[] = {
    {"url", "text", "redis://localhost:6379/0",
     "The server in mode single: redis://[user:password@]host[:port][/database], or rediss:// for TLS. Databases separate no "
     "channels.",
     0, 0, SIGNALBOX_OPTION_URL, 0},
    {"mode", "single|sentinel|shards|cluster", "single",
     "single: the master at url holds all channels. sentinel: the one that the sentinels at urls name. shards: the masters at "
     "urls share the channels. cluster: the masters of the Redis Cluster (7.0 or later) that the nodes at urls belong to.",
     0, 0, 0, 0},
    {"urls", "list", "",
     "Where mode is not single: redis://host:port or rediss://host:port each, with the same user, password and database. "
     "shards: "
     "written alike on every instance, in any order. sentinel: the sentinels, without user and password. cluster: some of its "
     "nodes, enough that one of them is there at the start.",
     0, 0, SIGNALBOX_OPTION_URL, 0},
    {"sentinel_master", "text", "mymaster", "The name that the sentinels have for the master.", 0, 0, 0, 0},
    {"sentinel_username", "text", "", "The sentinels' ACL user; empty: the default user.", 0, 0, 0, 0},
    {"sentinel_password", "text", "", "The sentinels' password; empty: they have none.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
    {"username", "text", "", "The ACL user; empty: the one in the URL, or the default user.", 0, 0, 0, 0},
    {"password", "text", "", "The password; empty: the one in the URL, or none.", 0, 0, SIGNALBOX_OPTION_SECRET, 0},
    brokers::kTlsCaFile,
    brokers::kTlsCertificate,
    brokers::kTlsPrivateKey,
    brokers::kTlsVerify,
    {"subscriber_connections", "integer", "0",
     "Connections to each server that share its subscriptions; one for each 50,000 channels keeps the server's stall short "
     "when one closes. 0: two, and one in mode cluster.",
     0, 8, 0, 0},
    brokers::kPublishQueueBytes,
};

enum class Mode : std::uint8_t { single, sentinel, shards, cluster };

struct Options {
  Mode mode = Mode::single;
  std::vector<Endpoint> endpoints{Endpoint{}};  ///< the server, the sentinels, the shards, or nodes of the cluster
  Login login;
  brokers::TlsOptions tls;
  std::string sentinel_master;
  Login sentinel_login;
  std::size_t subscriber_connections = 2;
};

/// Errors: std::invalid_argument with one line: the key, what is wrong, what would be right. Never a secret in it.
Options read_options(const Settings& settings);

}  // namespace signalbox::redis
