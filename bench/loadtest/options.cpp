#include "bench/loadtest/options.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "bench/loadtest/broker_server.hpp"
#include "bench/loadtest/kafka_server.hpp"
#include "bench/loadtest/message.hpp"
#include "core/config/loader.hpp"
#include "core/config/secrets.hpp"
#include "core/config/value.hpp"
#include "core/fault.hpp"

namespace signalbox::bench {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
constexpr std::int64_t kHour = 3'600'000;
/// What a plan of this many takes, 16 bytes each, is still small beside the instances.
constexpr std::uint64_t kMostMessages = 100'000'000;
/// Descriptors of a process that are no user's socket.
constexpr std::size_t kSpareDescriptors = 500;
constexpr std::uint16_t kApiPort = 8766;

constexpr LoadTestFlag flag(const char* name, const char* type, const char* fallback, std::int64_t min, std::int64_t max,
                            const char* value, const char* meaning, const char* letter = nullptr) {
  return {{name, type, fallback, meaning, min, max, 0, 0}, value, false, letter};
}
constexpr LoadTestFlag many(const char* name, const char* value, const char* meaning) {
  return {{name, "text", "", meaning, 0, 0, 0, 0}, value, true};
}

constexpr LoadTestFlag kFlags[] = {
    flag("config", "text", "", 0, 0, "FILE",
         "Configuration file of the instances (default: none; no SIGNALBOX_ variable either)", "-c"),
    many("broker", "PLUGIN",
         "Broker plugin to measure, by name or path; repeat it to compare several (default: the file's, else redis)"),
    flag("start-brokers", "boolean", "false", 0, 0, nullptr,
         "Start redis-server, nats-server or Kafka for the run, on a free port (default: those that FILE and --set name "
         "have to run, else those at their usual ports here)"),
    flag("kafka-classpath", "text", "build/kafka/classpath", 0, 0, "FILE",
         "Kafka for --start-brokers, as tests/kafka/prepare has fetched it"),
    many("target", "URL", "Measure an instance that runs already, ws://IPV4:PORT, in place of starting some; may be repeated"),
    many("target-api", "URL", "The API of the --target of the same place (default: http://, its address, port 8766)"),
    flag("instances", "integer", "2", 1, 1'000, "N", "Instances to start, one thread each; one only with memory"),
    many("set", "KEY=VALUE",
         "Set one key of the instances' configuration, as in --set broker.redis.url=redis://10.0.0.5; may be repeated"),
    flag("mode", "unicast|fanout|connect|idle|saturate", "unicast", 0, 0, "MODE",
         "unicast: messages to users drawn at random; fanout: to one user with many devices; connect: connections come and go, "
         "and no message; idle: connections are held, it is "
         "asked who exists, and then messages are sent; saturate: the highest rate is looked for that keeps within --slo"),
    flag("via", "api|broker", "api", 0, 0, "WAY",
         "How messages are published: api: through the HTTP API of the instances; broker: straight to the broker, by a plugin "
         "in "
         "the generator, which asks and publishes as an instance does; not with memory, which is one process"),
    flag("users", "integer", "10000", 1, 10 * kMillion, "N",
         "Users, dealt over the instances in turn (default: 10000; fanout: 1)"),
    flag("devices", "integer", "1", 1, kMillion, "N",
         "Connections of each user, dealt in the same way (default: 1; fanout: 1000)"),
    flag("rate", "integer", "5000", 1, kMillion, "N",
         "Messages a second, of connect connections, whatever becomes of those before; saturate begins with it (default: 5000; "
         "fanout: 20; connect: 500; saturate: 1000)"),
    flag("size", "size", "128B", LoadMessage::kLeastBytes, 16 * 1024 * 1024, "SIZE", "Payload of a message"),
    flag("duration", "duration", "30s", 1'000, 2 * kHour, "TIME",
         "How long messages are measured (default: 30s; idle: 20s; saturate: 5s for each rate)"),
    flag("warmup", "duration", "5s", 0, kHour, "TIME",
         "How long they are sent before that; not in connect (default: 5s; saturate: 1s)"),
    flag("hold", "duration", "30s", 1'000, 24 * kHour, "TIME",
         "Of mode idle: how long nothing but pings is sent, before all that"),
    flag("searches", "integer", "3", 1, 20, "N", "Of mode saturate: how often it is searched; the median is what is told"),
    many("fault", "FAULT",
         "While messages are measured: restart-broker@10s (killed after ten seconds and started again), pause-broker@10s+2s or "
         "pause-instance@10s+2s (stopped for two seconds); may be repeated"),
    flag("seed", "integer", "1", 0, 4'294'967'295, "N",
         "Of the random numbers: with the same, each broker and each run has the same messages to the same users"),
    flag("api-key", "text", "", 0, 0, "KEY", "Of the API, if it wants one, or where it stands, as in env:NAME and file:PATH"),
    flag("slo", "duration", "0s", 0, kHour, "TIME",
         "Exit 1 if the p99 latency of a broker is above (default: no bound; saturate: 50ms)"),
    flag("max-loss", "text", "", 0, 0, "PERCENT",
         "Exit 1 if a broker loses more of what it took, as in 0.1%, or took nothing; of connect: connections that were not "
         "registered (default: no bound)"),
    flag("report", "text", "", 0, 0, "FOLDER",
         "Write report.html, results.json and an .hgrm file a broker there (default: nothing is written)"),
    flag("compare", "text", "", 0, 0, "FILE", "Say what has changed since an earlier run: its results.json"),
    flag("json", "boolean", "false", 0, 0, nullptr, "Print results.json in place of the table"),
};

/// What would have no effect in a mode, or only has in one.
struct ModeFlag {
  std::string_view flag, mode;
  bool only;  ///< has effect in this mode alone; else in all others
  const char* reason;
};
constexpr ModeFlag kModeFlags[] = {
    {"searches", "saturate", true, "of mode saturate alone, which searches"},
    {"hold", "idle", true, "of mode idle alone, which holds connections before messages are sent"},
    {"warmup", "connect", false, "not in mode connect, which has none"},
    {"size", "connect", false, "not in mode connect, where no message is sent"},
    {"devices", "connect", false, "not in mode connect, where no connection stays"},
};
/// Empty they would be as if they were not there.
constexpr const char* kNeverEmpty[] = {"config", "kafka-classpath", "api-key", "max-loss", "report", "compare"};

[[noreturn]] void refuse(const std::string& name, const std::string& reason) { throw ConfigError("--" + name + ": " + reason); }

const LoadTestFlag& row(const std::string& name) {
  for (const LoadTestFlag& flag : kFlags) {
    if (name == flag.option.key) return flag;
  }
  throw std::logic_error("no row of --" + name);
}

/// ws:// or http://, an IPv4 address or localhost, a port.
Endpoint parse_url(const std::string& name, const std::string& url, std::string_view scheme) {
  const std::string reason = "expected " + std::string(scheme) + "IPV4:PORT, got " + in_quotes(url);
  if (!url.starts_with(scheme)) refuse(name, reason);
  std::string_view rest = std::string_view(url).substr(scheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string address(rest);
  if (address.starts_with("localhost:")) address.replace(0, 9, "127.0.0.1");
  try {
    const ListenAddress parsed = parse_address(address);
    if (parsed.address.find(':') != std::string::npos || parsed.port == 0) refuse(name, reason);
    return {parsed.address, parsed.port};
  } catch (const BadValue&) {
    refuse(name, reason);
  }
}

double parse_percent(const std::string& name, std::string_view text) {
  const std::string_view number = text.ends_with('%') ? text.substr(0, text.size() - 1) : text;
  double value = -1;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || !(value >= 0 && value <= 100)) {
    refuse(name, "expected a percentage from 0 to 100, got " + in_quotes(text));
  }
  return value / 100;
}

/// What stands in place of the table's default in a mode.
struct ModeDefault {
  std::string_view mode, flag;
  const char* value;
};
constexpr ModeDefault kModeDefaults[] = {
    {"fanout", "users", "1"},       {"fanout", "devices", "1000"}, {"fanout", "rate", "20"},
    {"idle", "duration", "20s"},    {"connect", "rate", "500"},    {"saturate", "rate", "1000"},
    {"saturate", "duration", "5s"}, {"saturate", "warmup", "1s"},  {"saturate", "slo", "50ms"},
};

/// The values of flags in plugin.h's form.
class Values {
 public:
  explicit Values(const std::map<std::string, std::vector<std::string>>& given) : given_(given) {}

  [[nodiscard]] std::vector<std::string> list(const std::string& name) const {
    const auto found = given_.find(name);
    return found == given_.end() ? std::vector<std::string>() : found->second;
  }
  [[nodiscard]] std::string text(const std::string& name) const {
    const Option& option = row(name).option;
    const std::vector<std::string> values = list(name);
    try {
      return normalise(option, values.empty() ? fallback(option) : values.back());
    } catch (const BadValue& bad) {
      refuse(name, bad.what());
    }
  }
  [[nodiscard]] std::uint64_t number(const std::string& name) const { return std::stoull(text(name)); }
  [[nodiscard]] std::chrono::milliseconds duration(const std::string& name) const {
    return std::chrono::milliseconds(number(name));
  }

 private:
  [[nodiscard]] std::string fallback(const Option& option) const {
    const auto mode = given_.find("mode");
    for (const ModeDefault& other : kModeDefaults) {
      if (mode != given_.end() && mode->second.back() == other.mode && option.key == other.flag) return other.value;
    }
    return option.fallback;
  }

  const std::map<std::string, std::vector<std::string>>& given_;
};

std::vector<Fault> read_faults(const Values& values) {
  std::vector<Fault> faults;
  for (const std::string& text : values.list("fault")) {
    try {
      faults.push_back(parse_fault(text));
    } catch (const ConfigError& bad) {
      refuse("fault", bad.what());
    }
  }
  return faults;
}

std::string read_api_key(const Values& values) {
  try {
    return resolve_secret(values.text("api-key"), process_environment());
  } catch (const BadValue& bad) {
    refuse("api-key", bad.what());
  }
}

std::optional<std::chrono::milliseconds> read_slo(const Values& values) {
  const std::chrono::milliseconds slo = values.duration("slo");
  if (slo.count() > 0) return slo;
  if (!values.list("slo").empty()) refuse("slo", "no message arrives within " + values.list("slo").back());
  return std::nullopt;
}

std::vector<RunningInstance> read_targets(const Values& values) {
  const std::vector<std::string> urls = values.list("target");
  const std::vector<std::string> apis = values.list("target-api");
  if (apis.size() > urls.size()) refuse("target-api", "each belongs to one --target");
  std::vector<RunningInstance> targets;
  for (std::size_t n = 0; n < urls.size(); ++n) {
    const Endpoint clients = parse_url("target", urls[n], "ws://");
    for (const RunningInstance& other : targets) {
      if (other.clients == clients) refuse("target", in_quotes(urls[n]) + " is named twice");
    }
    const Endpoint api = n < apis.size() ? parse_url("target-api", apis[n], "http://") : Endpoint{clients.address, kApiPort};
    targets.push_back({clients, api});
  }
  return targets;
}

void check_via_broker(const LoadTestOptions& options) {
  if (options.mode == "connect") refuse("via", "not in mode connect, where no message is sent");
  if (!options.targets.empty()) {
    refuse("via", "the broker of instances that run already is not known here: --via api, or leave out --target");
  }
  if (std::find(options.brokers.begin(), options.brokers.end(), "memory") != options.brokers.end()) {
    refuse("via", "memory lives inside its instance, where no generator can reach it: leave it out, or --via api");
  }
}

/// What a run decides itself: the broker of a column, and where instances and a broker of our own are.
void check_sets(const LoadTestOptions& options) {
  constexpr std::pair<std::string_view, const char*> kOurs[] = {
      {"broker.plugin", "--broker says which plugin is measured"},
      {"server.listen", "each instance has a free port"},
      {"api.listen", "each instance has a free port"},
      {"server.instance_id", "each instance has one of its own"},
  };
  constexpr std::string_view kServers[] = {"broker.redis.url", "broker.redis.urls", "broker.redis.mode", "broker.nats.url",
                                           "broker.kafka.bootstrap_servers"};
  for (const std::string& set : options.sets) {
    const std::string_view key = std::string_view(set).substr(0, set.find('='));
    for (const auto& [ours, reason] : kOurs) {
      if (key == ours) refuse("set", std::string(key) + ": " + reason);
    }
    if (options.start_brokers && std::find(std::begin(kServers), std::end(kServers), key) != std::end(kServers)) {
      refuse("set", std::string(key) + " would be another server than --start-brokers starts: leave out one of them");
    }
  }
}

void check_bounds(const LoadTestOptions& options) {
  if (options.mode != "saturate") return;
  if (options.max_loss) refuse("max-loss", "not in mode saturate, where a rate holds only if nothing is lost");
}

void check_broker_servers(const LoadTestOptions& options) {
  for (const std::string& broker : options.brokers) {
    for (const Fault& fault : options.faults) {
      if (!fault.of_broker() || has_broker_server(broker)) continue;
      refuse("fault", fault.text + ": no server of " + broker + " is started here");
    }
    if (broker != "kafka" || !options.start_brokers) continue;
    if (const std::string missing = KafkaServer::missing(options.kafka_classpath); !missing.empty()) {
      refuse("kafka-classpath", missing);
    }
  }
}

/// Where so many instances would be needed.
std::string enough_room(const std::string& broker, std::size_t needed) {
  if (broker == "memory") return "fewer of them, or a broker that instances share";
  const auto most = static_cast<std::size_t>(row("instances").option.max);
  return needed <= most ? "at least --instances " + std::to_string(needed)
                        : "fewer of them, as --instances is at most " + std::to_string(most);
}

void check_instances(const LoadTestOptions& options, std::size_t room) {
  const std::size_t connections = held_connections(options);
  for (const std::string& broker : options.brokers) {
    const std::size_t instances = broker == "memory" ? 1 : options.instances;
    if ((connections + instances - 1) / instances <= room) continue;
    refuse("users", std::to_string(connections) + " connections on " + std::to_string(instances) + " instance" +
                        (instances == 1 ? "" : "s") + (broker == "memory" ? " (memory is one process)" : "") +
                        " are more than the " + std::to_string(room) +
                        " that a process may hold here (ulimit -n): " + enough_room(broker, (connections + room - 1) / room));
  }
}

/// What was given and would have no effect.
void check_effects(const Values& values, const LoadTestOptions& options) {
  const auto given = [&](std::string_view flag) { return !values.list(std::string(flag)).empty(); };
  for (const char* flag : kNeverEmpty) {
    if (given(flag) && values.list(flag).back().empty())
      refuse(flag, "expected a " + std::string(row(flag).value) + ", got \"\"");
  }
  for (const ModeFlag& one : kModeFlags) {
    if (given(one.flag) && (options.mode == one.mode) != one.only) refuse(std::string(one.flag), one.reason);
  }
  if (given("target") && given("instances")) refuse("target", "those that run are the instances: leave out --instances");
  const bool kafka = std::find(options.brokers.begin(), options.brokers.end(), "kafka") != options.brokers.end();
  if (given("kafka-classpath") && !(options.start_brokers && (kafka || !options.config.empty()))) {
    refuse("kafka-classpath", "no Kafka is started without --start-brokers and --broker kafka");
  }
}

}  // namespace

std::span<const LoadTestFlag> load_test_flags() { return kFlags; }

LoadTestOptions read_load_test_options(const std::map<std::string, std::vector<std::string>>& given) {
  const Values values(given);
  LoadTestOptions options;
  options.brokers = values.list("broker");
  options.start_brokers = values.text("start-brokers") == "true";
  options.kafka_classpath = values.text("kafka-classpath");
  options.targets = read_targets(values);
  options.instances = values.number("instances");
  options.config = values.text("config");
  options.sets = values.list("set");
  options.via = values.text("via");
  options.mode = values.text("mode");
  options.users = values.number("users");
  options.devices = values.number("devices");
  options.rate = values.number("rate");
  options.size = values.number("size");
  options.duration = values.duration("duration");
  options.warmup = values.duration("warmup");
  options.hold = values.duration("hold");
  options.searches = values.number("searches");
  options.faults = read_faults(values);
  options.seed = values.number("seed");
  options.api_key = read_api_key(values);
  options.slo = read_slo(values);
  if (const std::string loss = values.text("max-loss"); !loss.empty()) options.max_loss = parse_percent("max-loss", loss);
  options.report = values.text("report");
  options.compare = values.text("compare");
  options.json = values.text("json") == "true";
  for (const std::string& set : options.sets) {
    if (set.find('=') == std::string::npos || set.starts_with('=')) refuse("set", in_quotes(set) + " has to be KEY=VALUE");
  }
  for (const std::string& broker : options.brokers) {
    if (broker.empty()) refuse("broker", "expected a plugin's name or path, got \"\"");
  }
  check_effects(values, options);
  if (options.targets.empty() && options.brokers.empty()) options.brokers.emplace_back("redis");
  return options;
}

void check_load_test(const LoadTestOptions& options, std::size_t descriptors) {
  if (!options.targets.empty()) {
    if (!options.brokers.empty()) refuse("target", "an instance that runs has its broker already: leave out --broker");
    if (options.start_brokers) refuse("target", "an instance that runs has its broker already: leave out --start-brokers");
    if (!options.sets.empty()) refuse("target", "an instance that runs has its configuration already: leave out --set");
    if (!options.config.empty()) refuse("target", "an instance that runs has its configuration already: leave out --config");
  }
  check_sets(options);
  check_bounds(options);
  if (options.via == "broker") check_via_broker(options);
  for (const Fault& fault : options.faults) {
    if (options.mode == "saturate") refuse("fault", "not in mode saturate, where each rate has to have the same chance");
    if (options.mode == "connect") refuse("fault", "not in mode connect, where no message is sent");
    if (fault.of_broker() && !options.start_brokers)
      refuse("fault", fault.text + " needs a broker of our own: --start-brokers");
    if (!options.targets.empty()) refuse("fault", fault.text + " needs instances of our own: leave out --target");
    if (fault.at >= options.duration) refuse("fault", fault.text + " is not before the end of --duration");
  }
  const std::uint64_t seconds = static_cast<std::uint64_t>((options.duration + options.warmup).count()) / 1'000;
  if (options.rate * seconds > kMostMessages) {
    refuse("rate", std::to_string(options.rate * seconds) + " messages are more than the " + std::to_string(kMostMessages) +
                       " that are kept account of: shorten --duration");
  }
  check_broker_servers(options);
  check_instances(options, connections_of_a_process(descriptors));
}

std::size_t connections_of_a_process(std::size_t descriptors) noexcept {
  return descriptors > 2 * kSpareDescriptors ? descriptors - kSpareDescriptors : descriptors / 2;
}

std::size_t held_connections(const LoadTestOptions& options) noexcept {
  return options.mode == "connect" ? 0 : options.users * options.devices;
}

}  // namespace signalbox::bench
