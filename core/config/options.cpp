#include "core/config/options.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "core/config/checks.hpp"
#include "core/config/value.hpp"

namespace signalbox {
namespace {

using Values = std::vector<std::string>;

// A value in plugin.h's form to and from the type of its field. Ranges were checked against the table, and no range of the
// table is wider than its field.
void assign(std::string& field, const Values& values) { field = values.front(); }
void assign(Values& field, const Values& values) { field = values; }
void assign(bool& field, const Values& values) { field = values.front() == "true"; }
void assign(ListenAddress& field, const Values& values) { field = parse_address(values.front()); }
void assign(std::chrono::milliseconds& field, const Values& values) {
  field = std::chrono::milliseconds(std::stoll(values.front()));
}
template <std::unsigned_integral Number>
void assign(Number& field, const Values& values) {
  field = static_cast<Number>(std::stoull(values.front()));
}

Values texts_of(const std::string& field) { return {field}; }
Values texts_of(const Values& field) { return field; }
Values texts_of(bool field) { return {field ? "true" : "false"}; }
Values texts_of(const ListenAddress& field) { return {to_string(field)}; }
Values texts_of(std::chrono::milliseconds field) { return {std::to_string(field.count())}; }
template <std::unsigned_integral Number>
  requires(!std::same_as<Number, bool>)
Values texts_of(Number field) {
  return {std::to_string(field)};
}

template <auto Section, auto Field>
constexpr CoreOption option(const char* key, const char* type, const char* fallback, std::int64_t min, std::int64_t max,
                            const char* meaning, void (*check)(const std::string&) = nullptr, std::uint32_t flags = 0) {
  return {{key, type, fallback, meaning, min, max, flags, 0},
          check,
          [](Config& config, const Values& values) { assign((config.*Section).*Field, values); },
          [](const Config& config) { return texts_of((config.*Section).*Field); },
          false};
}

/// One that a reload puts in force.
template <auto Section, auto Field>
constexpr CoreOption live(const char* key, const char* type, const char* fallback, std::int64_t min, std::int64_t max,
                          const char* meaning, void (*check)(const std::string&) = nullptr, std::uint32_t flags = 0) {
  CoreOption made = option<Section, Field>(key, type, fallback, min, max, meaning, check, flags);
  made.live = true;
  return made;
}

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kGiB = 1 << 30;

constexpr auto kServer = &Config::server;
constexpr auto kUsers = &Config::users;
constexpr auto kApi = &Config::api;
constexpr auto kLimits = &Config::limits;
constexpr auto kBroker = &Config::broker;
constexpr auto kLogging = &Config::logging;
using Server = Config::Server;
using Users = Config::Users;
using Api = Config::Api;
using Limits = Config::Limits;
using Broker = Config::Broker;
using Logging = Config::Logging;

constexpr CoreOption kOptions[] = {
    option<kServer, &Server::listen>("server.listen", "address", "0.0.0.0:8765", 0, 0,
                                     "Where WebSocket clients connect. An IP address, IPv6 in brackets; port 0 lets the system "
                                     "choose, the log says which."),
    option<kServer, &Server::threads>("server.threads", "integer", "0", 0, 1024,
                                      "Shards, each a thread with its own connections. 0: one per core."),
    option<kServer, &Server::instance_id>("server.instance_id", "text", "", 0, 0,
                                          "The name of this instance, unique among all of them. Empty: host, process id and a "
                                          "random part. At most 128 visible ASCII characters.",
                                          check_instance_id),
    live<kServer, &Server::allowed_origins>("server.allowed_origins", "list", "[]", 0, 0,
                                            "Origins whose pages may connect: https://app.example.com[:PORT] exactly, or "
                                            "*.example.com for a domain's subdomains. Empty: any. Clients without an Origin "
                                            "always may.",
                                            check_origin),
    option<kServer, &Server::permessage_deflate>(
        "server.permessage_deflate", "boolean", "false", 0, 0,
        "Whether clients may negotiate permessage-deflate (RFC 7692). A message for one who has costs some 13 us of CPU for "
        "1 KiB of JSON; clients that have not asked for it, and idle ones, cost what they did."),
    option<kServer, &Server::drain_timeout>("server.drain_timeout", "duration", "30s", 0, kHour,
                                            "From SIGTERM to exit. Clients are told to go, paced over 80 % of it."),
    option<kServer, &Server::io_uring>("server.io_uring", "boolean", "true", 0, 0,
                                       "Whether the messages of a batch leave in one system call (Linux's io_uring), which "
                                       "takes a third less CPU than one each. Where the system forbids it, as most containers "
                                       "do, it is done without."),

    option<kUsers, &Users::case_sensitive>("users.case_sensitive", "boolean", "false", 0, 0,
                                           "Whether Alice and alice are two users. Every instance and back end must agree."),

    option<kApi, &Api::listen>("api.listen", "address", "127.0.0.1:8766", 0, 0,
                               "Where the back end publishes. Beyond loopback it needs api.keys or api.insecure."),
    live<kApi, &Api::keys>("api.keys", "list", "[]", 0, 0,
                           "Keys of which every /api call must bear one (Authorization: Bearer KEY). Empty: none is asked for.",
                           check_api_key, SIGNALBOX_OPTION_SECRET),
    option<kApi, &Api::insecure>("api.insecure", "boolean", "false", 0, 0,
                                 "Allows api.listen beyond loopback without keys: whoever reaches it can publish."),
    option<kApi, &Api::idle_timeout>("api.idle_timeout", "duration", "60s", 1, 24 * kHour,
                                     "How long an API connection may stay between two requests. With api.keys it is "
                                     "limits.handshake_timeout until the first with a good key."),

    option<kLimits, &Limits::message_bytes>("limits.message_bytes", "size", "64KiB", 1, 64 * kMiB,
                                            "The largest message, in both directions."),
    live<kLimits, &Limits::queue_bytes>(
        "limits.queue_bytes", "size", "1MiB", kKiB, kGiB,
        "Outbound queue of one connection, with 40 bytes for each message; beyond it the connection is closed with 4008."),
    live<kLimits, &Limits::queue_total_bytes>(
        "limits.queue_total_bytes", "size", "1GiB", kKiB, kKiB* kGiB,
        "Outbound queues of all connections together and what they have sent of messages that are not complete; beyond it the "
        "connections with most of it are closed with 4008."),
    live<kLimits, &Limits::handover_bytes>("limits.handover_bytes", "size", "64MiB", kKiB, 16 * kGiB,
                                           "Queue from the broker to one shard; beyond it the newest messages are dropped, "
                                           "counted, and their users told of a gap."),
    live<kLimits, &Limits::memory>("limits.memory", "size", "0", 0, kKiB* kKiB* kGiB,
                                   "What the process may hold in memory; above 90 % of it, until it is below 85 % again, an "
                                   "upgrade is answered 503. 0: the "
                                   "memory of the machine, or the limit of the control group where that is less."),
    live<kLimits, &Limits::connections>(
        "limits.connections", "integer", "0", 0, 10'000'000,
        "Clients of this instance; beyond it an upgrade is answered 503. 0: as many as its file "
        "descriptors allow."),
    live<kLimits, &Limits::connections_per_ip>(
        "limits.connections_per_ip", "integer", "0", 0, 10'000'000,
        "Clients of this instance from one IPv4 address or one IPv6 /64; beyond it an upgrade is answered 503. Behind a proxy "
        "that is the proxy's address. 0: no limit."),
    live<kLimits, &Limits::connections_per_user>(
        "limits.connections_per_user", "integer", "0", 0, 10'000'000,
        "Connections of one user to this instance; beyond it the newcomer is closed with 1013. 0: no limit."),
    live<kLimits, &Limits::messages_per_second>("limits.messages_per_second", "integer", "1000", 0, 1'000'000,
                                                "Messages, pings and pongs from one client, on average over 10 s; beyond it "
                                                "the connection is closed with 1008. 0: no limit."),
    live<kLimits, &Limits::handshake_timeout>("limits.handshake_timeout", "duration", "10s", 1, kHour,
                                              "For a whole handshake, and for a whole head or body of an API request."),
    live<kLimits, &Limits::register_timeout>("limits.register_timeout", "duration", "10s", 1, kHour,
                                             "For a client to say who it is."),
    live<kLimits, &Limits::ping_interval>("limits.ping_interval", "duration", "25s", 1, kHour,
                                          "Between two pings to a client. Less than the idle timeout of proxies on the way."),
    live<kLimits, &Limits::pong_timeout>("limits.pong_timeout", "duration", "10s", 1, kHour, "For a client to answer a ping."),

    option<kBroker, &Broker::plugin>("broker.plugin", "text", "redis", 0, 0,
                                     "The broker plugin: a name, looked up in the plugin directories, or a path (with a /) to "
                                     "a .so.",
                                     check_not_empty),
    option<kBroker, &Broker::plugin_path>("broker.plugin_path", "list", "[]", 0, 0,
                                          "Directories to look in for libsignalbox_NAME.so before the built-in ones.",
                                          check_not_empty),
    option<kBroker, &Broker::channel_prefix>("broker.channel_prefix", "text", "", 0, 0,
                                             "A user's channel is this and the user's key. Every instance and back end must "
                                             "agree. At most 384 bytes without control characters.",
                                             check_channel_prefix),
    option<kBroker, &Broker::unsubscribe_delay>("broker.unsubscribe_delay", "duration", "1s", 0, kHour,
                                                "How long a user's subscription outlives the last connection: who reconnects "
                                                "within it costs the broker nothing."),
    option<kBroker, &Broker::timeout>("broker.timeout", "duration", "2s", 100, 60 * kSecond,
                                      "Deadline of each call to the broker."),

    live<kLogging, &Logging::level>("logging.level", "debug|info|warning|error", "info", 0, 0, "The least that is logged."),
    option<kLogging, &Logging::console>("logging.console", "boolean", "true", 0, 0, "Whether the log goes to stderr."),
    option<kLogging, &Logging::file>(
        "logging.file", "text", "logs/signalbox.log", 0, 0,
        "The log file; its directory is made. Rotated daily to NAME-YYYY-MM-DD.EXT with the day it "
        "covers. Empty: none."),
    option<kLogging, &Logging::format>("logging.format", "text|json", "text", 0, 0,
                                       "How a line looks, on the console and in the file: text for people, json for machines "
                                       "(one object a line: time, level, logger, message)."),
    option<kLogging, &Logging::rotate_at>("logging.rotate_at", "text", "00:00", 0, 0,
                                          "When the log file is rotated: HH:MM, local time.", check_time_of_day),
    option<kLogging, &Logging::keep>("logging.keep", "integer", "5", 1, 3650, "Rotated files to keep, the newest."),
};

}  // namespace

std::span<const CoreOption> core_options() noexcept { return kOptions; }

std::string environment_name(std::string_view key) {
  std::string name = "SIGNALBOX_";
  for (const char character : key) {
    if (character == '.') {
      name += "__";
    } else {
      name += character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
    }
  }
  return name;
}

}  // namespace signalbox
