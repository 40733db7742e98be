// The effective configuration as plain values. What each key means, its unit, default and range stand in one table
// (options.cpp), which fills this struct and writes docs/configuration.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace signalbox {

/// ADDRESS:PORT of a listener. `address` is an IPv4 or IPv6 literal (without brackets); port 0 lets the system choose.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};

struct Config {
  struct Server {
    ListenAddress listen{"0.0.0.0", 8765};
    unsigned threads = 0;     ///< 0: one per core
    std::string instance_id;  ///< empty: host-pid-random, made by Instance
    std::vector<std::string> allowed_origins;
    bool permessage_deflate = false;
    std::chrono::milliseconds drain_timeout{30'000};
    bool io_uring = true;
  } server;

  struct Users {
    bool case_sensitive = false;
  } users;

  struct Api {
    ListenAddress listen{"127.0.0.1", 8766};
    std::vector<std::string> keys;  ///< secrets, already resolved
    bool insecure = false;
    std::chrono::milliseconds idle_timeout{60'000};
  } api;

  struct Limits {
    std::size_t message_bytes = 64 * 1024;
    std::size_t queue_bytes = 1024 * 1024;
    std::size_t queue_total_bytes = 1024 * 1024 * 1024;
    std::size_t handover_bytes = 64 * 1024 * 1024;
    std::uint64_t memory = 0;                  ///< 0: what the system allows
    std::uint64_t connections = 0;             ///< 0: as many as descriptors allow
    std::uint64_t connections_per_ip = 0;      ///< 0: no limit
    std::uint64_t connections_per_user = 0;    ///< 0: no limit
    std::uint64_t messages_per_second = 1000;  ///< of one client; 0: no limit
    std::chrono::milliseconds handshake_timeout{10'000};
    std::chrono::milliseconds register_timeout{10'000};
    std::chrono::milliseconds ping_interval{25'000};
    std::chrono::milliseconds pong_timeout{10'000};
  } limits;

  struct Broker {
    std::string plugin = "redis";
    std::vector<std::string> plugin_path;
    std::string channel_prefix;
    std::chrono::milliseconds unsubscribe_delay{1'000};
    std::chrono::milliseconds timeout{2'000};
    std::string section;  ///< the chosen plugin's, under `broker`: its own name, also where `plugin` is a path
    /// The chosen plugin's section as plugin.h has it (signalbox_setting): validated, complete, secrets resolved.
    std::vector<std::pair<std::string, std::string>> settings;
    /// Where the section's keys stand, as LoadedConfig::places; the section itself is "". What is not here has its default.
    std::map<std::string, std::string> places;
  } broker;

  struct Logging {
    std::string level = "info";
    bool console = true;
    std::string file = "logs/signalbox.log";
    std::string format = "text";
    std::string rotate_at = "00:00";
    unsigned keep = 5;
  } logging;
};

}  // namespace signalbox
