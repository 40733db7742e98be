#include "bench/loadtest/report/page.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "bench/loadtest/comparison.hpp"
#include "bench/loadtest/judgement.hpp"
#include "bench/loadtest/numbers.hpp"
#include "bench/loadtest/report/assets.hpp"
#include "bench/loadtest/report/html.hpp"
#include "bench/loadtest/table.hpp"

namespace signalbox::bench {

namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

/// Of page.css.
constexpr std::size_t kColours = 6;
constexpr std::size_t kShapes = 4;

std::string seconds(std::chrono::milliseconds time) {
  const double value = std::chrono::duration<double>(time).count();
  return (time.count() % 1000 == 0 ? fixed(value, 0) : significant(value)) + " s";
}

/// redis, nats and kafka
std::string listed(std::span<const Result> results) {
  std::string list;
  for (std::size_t n = 0; n < results.size(); ++n) {
    list += n == 0 ? "" : n + 1 == results.size() ? " and " : ", ";
    list += results[n].broker;
  }
  return list;
}

std::string marked(const std::string& broker, std::size_t number) {
  return "<span class=\"mark shape-" + std::to_string(number % kShapes + 1) + " colour-" +
         std::to_string(number % kColours + 1) + "\">" + html_text(broker) + "</span>";
}

std::string versions(const Result& result) {
  std::string text = result.server_version;
  if (!result.plugin_version.empty()) text += (text.empty() ? "plugin " : ", plugin ") + result.plugin_version;
  return text;
}

std::string figure(std::string_view name, const std::string& value, std::string_view unit) {
  std::string text = "<div><dt>";
  text.append(name).append("</dt><dd>").append(value);
  if (!unit.empty()) text.append(" <small>").append(unit).append("</small>");
  return text.append("</dd></div>\n");
}

std::string latency(const Result& result, std::string_view name, double percent) {
  if (result.latency.count() == 0) return figure(name, "-", "");
  return figure(name, milliseconds(result.latency.percentile(percent)), "ms");
}

std::string item(std::string_view kind, const std::string& text) {
  return "<li class=\"" + std::string(kind) + "\">" + html_text(text) + "</li>\n";
}

std::string bounds(const LoadTestOptions& options, const Result& result) {
  std::string items;
  for (const Verdict& verdict : judge(options, result)) items += item(verdict.met ? "met" : "missed", verdict.text);
  if (result.saturated) items += item("note", "beyond it was full: " + result.saturated->limit);
  return items;
}

/// CPU and memory of what is known: nothing of a --target, and not of a broker's server that runs already.
std::string cost(const Result& result) {
  if (!result.instance_usage) return "";
  const Usage none;
  const Usage& broker = result.broker_usage ? *result.broker_usage : none;
  std::string figures;
  if (const std::optional<double> cpu = result.cpu_per_message(*result.instance_usage)) {
    figures += figure(result.churned ? "CPU a connection" : "CPU a message",
                      significant(*cpu + result.cpu_per_message(broker).value_or(0)), "µs");
  }
  if (const std::optional<double> bytes = result.bytes_per_connection(*result.instance_usage)) {
    figures +=
        figure("memory a connection", significant((*bytes + result.bytes_per_connection(broker).value_or(0)) / 1024), "KiB");
  }
  return figures;
}

std::string a_second(std::string_view name, const std::optional<double>& rate) {
  return rate ? figure(name, fixed(*rate, 0), "a second") : figure(name, "-", "");
}

std::string amounts(const Result& result) {
  if (result.churned) {
    return a_second("registered", result.connections_per_second()) +
           figure("failed", grouped(result.churned->failed), "of " + grouped(result.churned->offered));
  }
  return a_second("delivered", result.delivered_per_second()) +
         figure("lost", grouped(result.messages.lost()), "of " + grouped(result.messages.expected));
}

std::string verdict(const LoadTestOptions& options, const Result& result, std::size_t number) {
  std::string items = bounds(options, result);
  for (const std::string& remark : result.remarks) items += item("remark", remark);
  for (const std::string& line : course_of(result)) items += item("note", line);
  return "<article class=\"verdict colour-" + std::to_string(number % kColours + 1) + "\">\n<h3>" +
         marked(result.broker, number) + "</h3>\n<p class=\"version\">" + html_text(versions(result)) + "</p>\n<dl>\n" +
         latency(result, "p50", 50) + latency(result, "p99", 99) + latency(result, "p99.9", 99.9) +
         latency(result, "longest", 100) + amounts(result) + cost(result) + "</dl>\n" +
         (items.empty() ? "" : "<ul>\n" + items + "</ul>\n") + "</article>\n";
}

std::string table_rows(std::span<const Result> results) {
  std::string rows;
  for (const std::vector<std::string>& line : table_lines(results)) {
    const bool head = rows.empty();
    const bool within = line.front().starts_with("  ");
    rows += head ? "<thead><tr><td></td>" : within ? "<tr><th scope=\"row\" class=\"within\">" : "<tr><th scope=\"row\">";
    if (!head) rows += html_text(line.front().substr(within ? 2 : 0)) + "</th>";
    for (std::size_t n = 1; n < line.size(); ++n) {
      rows += head ? "<th scope=\"col\">" + marked(line[n], n - 1) + "</th>" : "<td>" + html_text(line[n]) + "</td>";
    }
    rows += head ? "</tr></thead>\n<tbody>\n" : "</tr>\n";
  }
  return rows + "</tbody>\n";
}

/// 2026-11-26 15:24:56 UTC
std::string when(const Environment& environment) {
  std::string time = environment.time;
  std::replace(time.begin(), time.end(), 'T', ' ');
  if (time.ends_with('Z')) time.replace(time.size() - 1, 1, " UTC");
  return time;
}

std::string work(const LoadTestOptions& options) {
  if (options.mode == "connect") return grouped(options.rate) + " connections a second";
  const std::string bytes = " of " + grouped(options.size) + " bytes";
  const std::string way = options.via == "broker" ? ", straight to the broker" : ", through the HTTP API";
  if (options.mode == "saturate") return "messages" + bytes + way + ", " + grouped(options.rate) + " a second at first";
  return grouped(options.rate) + " messages a second" + bytes + way;
}

std::string measured(const LoadTestOptions& options) {
  if (options.mode == "connect") return "for " + seconds(options.duration);
  return "for " + seconds(options.duration) + ", after " + seconds(options.warmup) + " to warm up" +
         (options.mode == "idle" ? ", and " + seconds(options.hold) + " idle before that" : "");
}

Facts facts(const LoadTestOptions& options, const Environment& environment, std::span<const Result> results) {
  Facts all{{"Begun", when(environment)},
            {"Mode", options.mode},
            {"Work", work(options)},
            {"Measured", measured(options)},
            {"Seed", std::to_string(options.seed)},
            {"Signalbox", environment.version},
            {"Processor", environment.processor},
            {"Cores", std::to_string(environment.cores)},
            {"Memory", fixed(static_cast<double>(environment.memory_bytes) / (1ULL << 30), 1) + " GiB"},
            {"Kernel", environment.kernel}};
  for (const Result& result : results) {
    const std::string known = versions(result);
    all.emplace_back(result.broker, grouped(result.instances) + (result.instances == 1 ? " instance, " : " instances, ") +
                                        grouped(result.users) + " users with " + grouped(result.devices) +
                                        (result.devices == 1 ? " device" : " devices") + " each" +
                                        (known.empty() ? "" : "; " + known));
  }
  return all;
}

std::string summary(const LoadTestOptions& options, const Environment& environment) {
  return options.mode + ", " + work(options) + " for " + seconds(options.duration) + ". " + when(environment) + ", signalbox " +
         environment.version + ", " + environment.processor + ", " + std::to_string(environment.cores) +
         (environment.cores == 1 ? " core." : " cores.");
}

/// What latencies and costs are of.
std::string about(const LoadTestOptions& options) {
  return std::string(options.mode == "connect" ? "Latencies run from when a connection was due until it was registered."
                                               : "Latencies run from when a message was due until its receiver had read it.") +
         (options.mode == "saturate" ? " All figures are those of the highest rate that held." : "") +
         " CPU and memory are of instances and broker together, as far as they were started here.";
}

std::string comparison(const std::string& text) {
  return "<section aria-labelledby=\"comparison-title\">\n<h2 id=\"comparison-title\">What has changed</h2>\n"
         "<pre role=\"region\" aria-labelledby=\"comparison-title\" tabindex=\"0\">" +
         html_text(text) + "</pre>\n</section>\n";
}

}  // namespace

std::string report_page(const LoadTestOptions& options, const Environment& environment, std::span<const Result> results,
                        const std::string& results_json, const std::string& earlier_json) {
  std::string verdicts;
  for (std::size_t n = 0; n < results.size(); ++n) verdicts += verdict(options, results[n], n);
  std::string fact_list;
  for (const auto& [name, value] : facts(options, environment, results)) {
    fact_list += "<div><dt>" + html_text(name) + "</dt><dd>" + html_text(value) + "</dd></div>\n";
  }
  return fill_in(assets::kPage,
                 {{"title", html_text("Load test of " + listed(results))},
                  {"summary", html_text(summary(options, environment))},
                  {"about", html_text(about(options))},
                  {"verdicts", std::move(verdicts)},
                  {"table", table_rows(results)},
                  {"command", html_text(options.command)},
                  {"facts", std::move(fact_list)},
                  {"comparison", earlier_json.empty() ? "" : comparison(compare_results(earlier_json, results_json))},
                  {"results", html_json(results_json)},
                  {"earlier", earlier_json.empty() ? "null" : html_json(earlier_json)},
                  {"style", std::string(assets::kStyle)},
                  {"drawing", std::string(assets::kDrawing)},
                  {"charts", std::string(assets::kCharts)},
                  {"script", std::string(assets::kScript)},
                  {"chart", std::string(assets::kChart)},
                  {"chart_licence", std::string(assets::kChartLicence)}});
}

}  // namespace signalbox::bench
