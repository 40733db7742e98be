#include "bench/loadtest/comparison.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "bench/loadtest/numbers.hpp"
#include "bench/servers.hpp"
#include "core/fault.hpp"

namespace signalbox::bench {

namespace {

namespace json = boost::json;

constexpr std::pair<const char*, const char*> kFigures[] = {
    {"registered a second", "/connect/per_second"},
    {"connections that failed", "/churn/failed"},
    {"idle, CPU ms: instances", "/idle/instances_cpu_ms"},
    {"idle, CPU ms: broker", "/idle/broker_cpu_ms"},
    {"users that exist", "/idle/users_found"},
    {"strangers that exist", "/idle/strangers_found"},
    {"highest rate that held", "/saturation/rate"},
    {"delivered a second", "/messages/delivered_per_second"},
    {"not taken: refused", "/messages/refused"},
    {"not taken: not connected", "/messages/not_connected"},
    {"outcome unknown", "/messages/unknown"},
    {"lost", "/messages/lost"},
    {"duplicates", "/messages/duplicates"},
    {"reordered", "/messages/reordered"},
    {"to the wrong user", "/messages/misdelivered"},
    {"gaps told to clients", "/messages/gaps"},
    {"latency p50, ms", "/latency_ms/p50"},
    {"latency p90, ms", "/latency_ms/p90"},
    {"latency p99, ms", "/latency_ms/p99"},
    {"latency p99.9, ms", "/latency_ms/p99_9"},
    {"longest, ms", "/latency_ms/max"},
    {"CPU a message, us: instances", "/usage/instances/cpu_us_per_message"},
    {"CPU a message, us: broker", "/usage/broker/cpu_us_per_message"},
    {"bytes a connection: instances", "/usage/instances/bytes_per_connection"},
    {"bytes a connection: broker", "/usage/broker/bytes_per_connection"},
    {"machine busy, share", "/machine_busy"},
};
/// Of the run.
constexpr const char* kWork[] = {"mode",    "via",  "rate",   "size",   "duration_ms", "warmup_ms",
                                 "hold_ms", "seed", "faults", "config", "set"};
constexpr const char* kEnvironment[] = {"signalbox", "kernel", "processor", "cores", "memory_bytes"};
/// Of a broker.
constexpr const char* kOwnCircumstances[] = {"instances", "users", "devices", "plugin_version", "server_version"};

const json::value* at(const json::value& value, std::string_view pointer) {
  json::error_code missing;
  return value.find_pointer(pointer, missing);
}

std::optional<double> number_at(const json::value& value, const char* pointer) {
  const json::value* found = at(value, pointer);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

/// The `n`-th of this broker, who may have been measured more than once.
const json::value* result_of(const json::value& document, const json::value& broker, std::size_t n) {
  for (const json::value& result : document.at("results").as_array()) {
    if (result.at("broker") == broker && n-- == 0) return &result;
  }
  return nullptr;
}

std::string change(double then, double now) {
  if (then == now) return "the same";
  if (then == 0) return "was none";
  const double percent = 100 * (now - then) / then;
  return (percent > 0 ? "+" : "") + fixed(percent, 1) + " %";
}

void append_padded(std::string& out, const std::string& text, std::size_t width, bool right) {
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  out += right ? space + text : text + space;
}

/// folder: of all names, with a slash at its end unless it is empty.
void append_differences(std::string& out, const std::string& folder, std::span<const char* const> names,
                        const json::value& then, const json::value& now) {
  for (const char* name : names) {
    const std::string path = folder + name;
    const json::value* before = at(then, '/' + path);
    const json::value* after = at(now, '/' + path);
    if (before == nullptr || after == nullptr || *before == *after) continue;
    out.append("not the same ").append(path).append(": ").append(json::serialize(*before)).append(", now ");
    out.append(json::serialize(*after)).append("\n");
  }
}

void append_broker(std::string& out, const json::value& then, const json::value& now) {
  out.append("\n").append(now.at("broker").as_string()).append("\n");
  append_differences(out, "", kOwnCircumstances, then, now);
  for (const auto& [name, pointer] : kFigures) {
    const std::optional<double> before = number_at(then, pointer);
    const std::optional<double> after = number_at(now, pointer);
    if (!before || !after) continue;
    append_padded(out, std::string("  ") + name, 32, false);
    append_padded(out, significant(*before), 12, true);
    append_padded(out, significant(*after), 12, true);
    out.append("   ").append(change(*before, *after)).append("\n");
  }
}

}  // namespace

std::string read_results(const std::string& file) {
  const std::string text = contents_of(file);
  json::error_code error;
  const json::value document = json::parse(text, error);
  const json::value* schema = error ? nullptr : at(document, "/schema");
  const json::value* results = error ? nullptr : at(document, "/results");
  const bool good = schema != nullptr && *schema == 1 && results != nullptr && results->is_array() &&
                    std::all_of(results->as_array().begin(), results->as_array().end(), [](const json::value& result) {
                      const json::value* broker = at(result, "/broker");
                      return broker != nullptr && broker->is_string();
                    });
  if (!good) throw ConfigError("--compare: " + file + (text.empty() ? ": can't be read" : ": is no results.json of schema 1"));
  return text;
}

std::string compare_results(std::string_view then, std::string_view now) {
  const json::value old_run = json::parse(json::string_view(then.data(), then.size()));
  const json::value new_run = json::parse(json::string_view(now.data(), now.size()));
  std::string out = "Compared with the run of ";
  const json::value* time = at(old_run, "/time");
  out.append(time != nullptr && time->is_string() ? std::string(time->as_string()) : "an unknown time")
      .append(": then, now, change\n");
  append_differences(out, "work/", kWork, old_run, new_run);
  append_differences(out, "environment/", kEnvironment, old_run, new_run);
  std::map<std::string, std::size_t> seen;
  for (const json::value& result : new_run.at("results").as_array()) {
    const json::value& broker = result.at("broker");
    const json::value* before = result_of(old_run, broker, seen[std::string(broker.as_string())]++);
    if (before != nullptr) {
      append_broker(out, *before, result);
    } else {
      out.append("\n").append(broker.as_string()).append(" was not in it\n");
    }
  }
  return out;
}

}  // namespace signalbox::bench
