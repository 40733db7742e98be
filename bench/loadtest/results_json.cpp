#include "bench/loadtest/results_json.hpp"

#include <cmath>
#include <optional>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "bench/loadtest/judgement.hpp"
#include "core/config/printable.hpp"

namespace signalbox::bench {

namespace {

namespace json = boost::json;

/// Grows with each change that a reader has to know of.
constexpr int kSchema = 1;
/// Of the curve: enough for a line that looks smooth.
constexpr double kPercentiles[] = {0,  10, 20, 30,    40,   50,    60,   70,    75,    80,    85,     90,     92.5, 95,
                                   97, 98, 99, 99.25, 99.5, 99.75, 99.9, 99.95, 99.97, 99.99, 99.995, 99.999, 100};

double in_milliseconds(std::chrono::nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// What was not measured is null: JSON has no other number for it.
json::value figure(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json::value(*value) : json::value(nullptr);
}

/// Words of servers and of the command line: JSON is UTF-8.
json::value text(const std::string& words) { return json::value(printable(words)); }

json::object latency_of(const Histogram& histogram) {
  const bool some = histogram.count() > 0;
  const auto known = [&](std::chrono::nanoseconds time) {
    return some ? json::value(in_milliseconds(time)) : json::value(nullptr);
  };
  json::array curve;
  for (const double percentile : kPercentiles) {
    if (some) curve.push_back(json::array{percentile, in_milliseconds(histogram.percentile(percentile))});
  }
  return {{"count", histogram.count()},
          {"mean", known(histogram.mean())},
          {"p50", known(histogram.percentile(50))},
          {"p90", known(histogram.percentile(90))},
          {"p99", known(histogram.percentile(99))},
          {"p99_9", known(histogram.percentile(99.9))},
          {"max", known(histogram.max())},
          {"curve", std::move(curve)}};
}

json::value usage_of(const Result& result, const Usage& usage) {
  const auto bytes = [&](std::size_t count) { return result.churned ? json::value(nullptr) : json::value(count); };
  return {{"cpu_ms", in_milliseconds(usage.cpu)},      {"cpu_us_per_message", figure(result.cpu_per_message(usage))},
          {"bytes_before", bytes(usage.bytes_before)}, {"bytes_connected", bytes(usage.bytes_connected)},
          {"bytes_end", bytes(usage.bytes_end)},       {"bytes_per_connection", figure(result.bytes_per_connection(usage))}};
}

json::value usage_of(const Result& result, const std::optional<Usage>& usage) {
  return usage ? usage_of(result, *usage) : json::value(nullptr);
}

json::object messages_of(const Result& result) {
  const MessageCounts& messages = result.messages;
  json::object refusals;
  for (const auto& [status, count] : result.refusals) refusals[std::to_string(status)] = count;
  return {{"offered", messages.offered},
          {"taken", messages.taken},
          {"not_connected", messages.not_connected},
          {"refused", messages.refused},
          {"unsent", messages.unsent},
          {"unknown", messages.unknown},
          {"expected", messages.expected},
          {"delivered", messages.delivered},
          {"delivered_per_second", figure(result.delivered_per_second())},
          {"lost", messages.lost()},
          {"loss", figure(messages.expected == 0 ? std::nullopt : std::optional(messages.loss()))},
          {"duplicates", result.received.duplicates},
          {"reordered", result.received.reordered},
          {"misdelivered", result.received.misdelivered},
          {"delivered_of_unknown", messages.delivered_of_unknown},
          {"delivered_though_denied", messages.delivered_though_denied},
          {"unexpected", result.received.unexpected},
          {"gaps", result.received.gaps},
          {"clients_lost", result.received.clients_lost},
          {"statuses", std::move(refusals)}};
}

json::array recoveries_of(const Result& result) {
  json::array recoveries;
  for (const Recovery& recovery : result.recoveries) {
    recoveries.push_back({{"fault", recovery.fault},
                          {"at_ms", in_milliseconds(recovery.at)},
                          {"over_ms", in_milliseconds(recovery.over)},
                          {"ready_ms", in_milliseconds(recovery.ready)}});
  }
  return recoveries;
}

json::array steps_of(const Result& result) {
  json::array steps;
  for (const Step& step : result.steps) {
    const std::optional<double> p99 = step.p99.count() == 0 ? std::nullopt : std::optional(in_milliseconds(step.p99));
    steps.push_back({{"search", step.search},
                     {"rate", step.rate},
                     {"delivered_per_second", step.delivered_per_second},
                     {"p99_ms", figure(p99)},
                     {"lost", step.lost},
                     {"held", step.held},
                     {"limit", step.limit}});
  }
  return steps;
}

json::value saturation_of(const Result& result) {
  if (!result.saturated) return nullptr;
  json::array found;
  for (const double rate : result.saturated->found) found.emplace_back(rate);
  return {{"rate", result.saturated->rate}, {"found", std::move(found)}, {"limit", result.saturated->limit}};
}

json::value idle_of(const Result& result) {
  if (!result.idle) return nullptr;
  const auto spent = [](const std::optional<std::chrono::nanoseconds>& cpu) {
    return cpu ? json::value(in_milliseconds(*cpu)) : json::value(nullptr);
  };
  return {{"ms", in_milliseconds(result.idle->time)},        {"instances_cpu_ms", spent(result.idle->instance_cpu)},
          {"broker_cpu_ms", spent(result.idle->broker_cpu)}, {"asked", result.idle->asked},
          {"users_found", result.idle->users_found},         {"strangers_found", result.idle->strangers_found}};
}

json::value churn_of(const Result& result) {
  if (!result.churned) return nullptr;
  return {{"offered", result.churned->offered}, {"registered", result.churned->registered}, {"failed", result.churned->failed}};
}

json::object result_object(const Result& result) {
  json::array timeline;
  for (const Second& second : result.timeline) {
    const auto longest = second.delivered == 0 ? std::nullopt : std::optional(in_milliseconds(second.longest));
    timeline.push_back({{"offered", second.offered}, {"delivered", second.delivered}, {"max", figure(longest)}});
  }
  json::array remarks;
  for (const std::string& remark : result.remarks) remarks.push_back(text(remark));
  return {{"broker", text(result.broker)},
          {"plugin_version", text(result.plugin_version)},
          {"server_version", text(result.server_version)},
          {"instances", result.instances},
          {"users", result.users},
          {"devices", result.devices},
          {"connect", {{"ms", in_milliseconds(result.connecting)}, {"per_second", figure(result.connections_per_second())}}},
          {"measured_ms", in_milliseconds(result.measuring)},
          {"messages", messages_of(result)},
          {"latency_ms", latency_of(result.latency)},
          {"generator_lag_ms", latency_of(result.generator_lag)},
          {"usage",
           {{"instances", usage_of(result, result.instance_usage)},
            {"broker", usage_of(result, result.broker_usage)},
            {"generator", usage_of(result, result.generator_usage)}}},
          {"machine_busy", result.machine_busy},
          {"recoveries", recoveries_of(result)},
          {"steps", steps_of(result)},
          {"saturation", saturation_of(result)},
          {"idle", idle_of(result)},
          {"churn", churn_of(result)},
          {"timeline", std::move(timeline)},
          {"remarks", std::move(remarks)}};
}

json::array verdicts_of(const std::vector<Verdict>& verdicts) {
  json::array all;
  for (const Verdict& verdict : verdicts) all.push_back({{"met", verdict.met}, {"text", text(verdict.text)}});
  return all;
}

json::object work_of(const LoadTestOptions& options) {
  const auto time = [](bool there, std::chrono::milliseconds value) {
    return there ? json::value(value.count()) : json::value(nullptr);
  };
  json::array settings, faults;
  for (const std::string& setting : options.shown_sets) settings.push_back(text(setting));
  for (const Fault& fault : options.faults) faults.push_back(text(fault.text));
  return {{"mode", options.mode},
          {"via", options.via},
          {"rate", options.rate},
          {"size", options.size},
          {"duration_ms", options.duration.count()},
          {"warmup_ms", time(options.mode != "connect", options.warmup)},
          {"hold_ms", time(options.mode == "idle", options.hold)},
          {"seed", options.seed},
          {"faults", std::move(faults)},
          {"config", text(options.config)},
          {"set", std::move(settings)},
          {"slo_ms", time(options.slo.has_value(), options.slo.value_or(std::chrono::milliseconds(0)))},
          {"max_loss", figure(options.max_loss)}};
}

}  // namespace

std::string results_json(const LoadTestOptions& options, const Environment& environment, std::span<const Result> results) {
  json::array all;
  for (const Result& result : results) {
    json::object object = result_object(result);
    object["verdicts"] = verdicts_of(judge(options, result));
    all.push_back(std::move(object));
  }
  const json::object document{{"schema", kSchema},
                              {"time", environment.time},
                              {"command", text(options.command)},
                              {"environment",
                               {{"signalbox", environment.version},
                                {"kernel", environment.kernel},
                                {"processor", text(environment.processor)},
                                {"cores", environment.cores},
                                {"memory_bytes", environment.memory_bytes}}},
                              {"work", work_of(options)},
                              {"results", std::move(all)}};
  return json::serialize(document) + "\n";
}

}  // namespace signalbox::bench
