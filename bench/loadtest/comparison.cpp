#include "bench/loadtest/comparison.hpp"

#include <algorithm>
#include <optional>
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
    {"highest rate that held", "/saturation/rate"},
    {"delivered a second", "/messages/delivered_per_second"},
    {"not taken: refused", "/messages/refused"},
    {"not taken: not connected", "/messages/not_connected"},
    {"lost", "/messages/lost"},
    {"duplicates", "/messages/duplicates"},
    {"reordered", "/messages/reordered"},
    {"latency p50, ms", "/latency_ms/p50"},
    {"latency p99, ms", "/latency_ms/p99"},
    {"latency p99.9, ms", "/latency_ms/p99_9"},
    {"longest, ms", "/latency_ms/max"},
    {"CPU a message, us: instances", "/usage/instances/cpu_us_per_message"},
    {"CPU a message, us: broker", "/usage/broker/cpu_us_per_message"},
    {"bytes a user: instances", "/usage/instances/bytes_per_user"},
    {"bytes a user: broker", "/usage/broker/bytes_per_user"},
};
constexpr const char* kCircumstances[] = {"/work/mode",          "/work/via",
                                          "/work/rate",          "/work/size",
                                          "/work/duration_ms",   "/environment/signalbox",
                                          "/environment/kernel", "/environment/processor",
                                          "/environment/cores"};

const json::value* at(const json::value& value, const char* pointer) {
  json::error_code missing;
  return value.find_pointer(pointer, missing);
}

std::optional<double> number_at(const json::value& value, const char* pointer) {
  const json::value* found = at(value, pointer);
  if (found == nullptr || !found->is_number()) return std::nullopt;
  return found->to_number<double>();
}

const json::value* result_of(const json::value& document, const json::value& broker) {
  for (const json::value& result : document.at("results").as_array()) {
    if (result.at("broker") == broker) return &result;
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

void append_broker(std::string& out, const json::value& then, const json::value& now) {
  out.append("\n").append(now.at("broker").as_string()).append("\n");
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
  for (const char* pointer : kCircumstances) {
    const json::value* before = at(old_run, pointer);
    const json::value* after = at(new_run, pointer);
    if (before == nullptr || after == nullptr || *before == *after) continue;
    out.append("not the same ").append(pointer + 1).append(": ").append(json::serialize(*before)).append(", now ");
    out.append(json::serialize(*after)).append("\n");
  }
  for (const json::value& result : new_run.at("results").as_array()) {
    const json::value* before = result_of(old_run, result.at("broker"));
    if (before != nullptr) append_broker(out, *before, result);
  }
  return out;
}

}  // namespace signalbox::bench
