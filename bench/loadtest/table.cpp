#include "bench/loadtest/table.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loadtest/numbers.hpp"

namespace signalbox::bench {

namespace {

constexpr std::string_view kUnknown = "-";

struct Row {
  std::string_view name;
  std::function<std::string(const Result&)> value;
};

std::string count_of_all(std::uint64_t count, std::uint64_t all) {
  const double percent = all == 0 ? 0 : 100 * static_cast<double>(count) / static_cast<double>(all);
  return grouped(count) + (count == 0 ? "" : " (" + significant(percent) + " %)");
}

Row latency(std::string_view name, double percent) {
  return {name, [percent](const Result& result) {
            return result.latency.count() == 0 ? std::string(kUnknown) : milliseconds(result.latency.percentile(percent));
          }};
}

std::string rounded(const std::optional<double>& figure) { return figure ? fixed(*figure, 0) : std::string(kUnknown); }

std::string cpu(const Result& result, const std::optional<Usage>& usage) {
  const std::optional<double> figure = usage ? result.cpu_per_message(*usage) : std::nullopt;
  return figure ? significant(*figure) : std::string(kUnknown);
}

std::string bytes(const Result& result, const std::optional<Usage>& usage) {
  return rounded(usage ? result.bytes_per_connection(*usage) : std::nullopt);
}

std::string mebibytes(std::size_t bytes) { return fixed(static_cast<double>(bytes) / (1024 * 1024), 1); }

/// Of an idle user, in microseconds a second.
std::string idle_cpu(const Result& result, const std::optional<std::chrono::nanoseconds>& cpu) {
  if (!cpu || result.idle->time.count() == 0) return std::string(kUnknown);
  const double seconds = std::chrono::duration<double>(result.idle->time).count();
  return significant(std::chrono::duration<double, std::micro>(*cpu).count() / seconds / static_cast<double>(result.users));
}

std::vector<Row> idle_rows() {
  using R = const Result&;
  return {
      {"CPU of an idle user, us/s: instances", [](R r) { return idle_cpu(r, r.idle->instance_cpu); }},
      {"  broker", [](R r) { return idle_cpu(r, r.idle->broker_cpu); }},
      {"users asked for", [](R r) { return grouped(r.idle->asked); }},
      {"  that exist", [](R r) { return grouped(r.idle->users_found); }},
      {"  strangers that exist", [](R r) { return grouped(r.idle->strangers_found); }},
  };
}

std::vector<Row> saturation_rows() {
  using R = const Result&;
  const auto each = [](R r) {
    std::string rates;
    for (const double rate : r.saturated->found) rates.append(rates.empty() ? "" : " ").append(fixed(rate, 0));
    return rates;
  };
  const auto known = [](const std::function<std::string(R)>& value) {
    return [value](R r) { return r.saturated ? value(r) : std::string(kUnknown); };
  };
  return {{"highest rate that held, a second", known([](R r) { return fixed(r.saturated->rate, 0); })},
          {"  of each search", known(each)},
          {"  beyond it was full", known([](R r) { return r.saturated->limit; })}};
}

std::vector<Row> cpu_rows(std::string_view first) {
  using R = const Result&;
  return {{first, [](R r) { return cpu(r, r.instance_usage); }},
          {"  broker", [](R r) { return cpu(r, r.broker_usage); }},
          {"  generator", [](R r) { return cpu(r, r.generator_usage); }}};
}

std::vector<Row> churn_rows() {
  using R = const Result&;
  std::vector<Row> rows{
      {"instances", [](R r) { return grouped(r.instances); }},
      {"connections offered", [](R r) { return grouped(r.churned->offered); }},
      {"  registered", [](R r) { return grouped(r.churned->registered); }},
      {"  failed", [](R r) { return count_of_all(r.churned->failed, r.churned->offered); }},
      {"registered a second", [](R r) { return rounded(r.connections_per_second()); }},
      latency("until registered p50, ms", 50),
      latency("  p99", 99),
      latency("  longest", 100),
  };
  const std::vector<Row> more = cpu_rows("CPU a connection, us: instances");
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

std::vector<Row> rows() {
  using R = const Result&;
  return {
      {"instances", [](R r) { return grouped(r.instances); }},
      {"connections", [](R r) { return grouped(r.connections()); }},
      {"  registered a second", [](R r) { return rounded(r.connections_per_second()); }},
      {"messages offered", [](R r) { return grouped(r.messages.offered); }},
      {"  taken", [](R r) { return grouped(r.messages.taken); }},
      {"  not taken",
       [](R r) { return count_of_all(r.messages.refused + r.messages.not_connected + r.messages.unsent, r.messages.offered); }},
      {"  outcome unknown", [](R r) { return count_of_all(r.messages.unknown, r.messages.offered); }},
      {"delivered a second", [](R r) { return rounded(r.delivered_per_second()); }},
      {"delivered", [](R r) { return grouped(r.messages.delivered); }},
      {"  lost", [](R r) { return count_of_all(r.messages.lost(), r.messages.expected); }},
      {"  duplicates", [](R r) { return count_of_all(r.received.duplicates, r.messages.expected); }},
      {"  reordered", [](R r) { return count_of_all(r.received.reordered, r.messages.expected); }},
      {"  to the wrong user", [](R r) { return grouped(r.received.misdelivered); }},
      {"  though said to reach nobody", [](R r) { return grouped(r.messages.delivered_though_denied); }},
      {"frames that nobody sent", [](R r) { return grouped(r.received.unexpected); }},
      {"clients lost", [](R r) { return grouped(r.received.clients_lost); }},
      {"gaps told to clients", [](R r) { return grouped(r.received.gaps); }},
      latency("latency p50, ms", 50),
      latency("  p90", 90),
      latency("  p99", 99),
      latency("  p99.9", 99.9),
      latency("  longest", 100),
      {"CPU a message, us: instances", [](R r) { return cpu(r, r.instance_usage); }},
      {"  broker", [](R r) { return cpu(r, r.broker_usage); }},
      {"  generator", [](R r) { return cpu(r, r.generator_usage); }},
      {"bytes a connection: instances", [](R r) { return bytes(r, r.instance_usage); }},
      {"  broker", [](R r) { return bytes(r, r.broker_usage); }},
      {"memory at the end, MiB: instances",
       [](R r) { return r.instance_usage ? mebibytes(r.instance_usage->bytes_end) : std::string(kUnknown); }},
      {"  broker", [](R r) { return r.broker_usage ? mebibytes(r.broker_usage->bytes_end) : std::string(kUnknown); }},
      {"machine busy, %", [](R r) { return fixed(100 * r.machine_busy, 0); }},
  };
}

}  // namespace

std::vector<std::vector<std::string>> table_lines(std::span<const Result> results) {
  std::vector<std::vector<std::string>> lines{{""}};
  for (const Result& result : results) lines.front().push_back(result.broker);
  std::vector<Row> all = results.front().churned ? churn_rows() : rows();
  const auto add = [&](const std::vector<Row>& more) { all.insert(all.begin() + 2, more.begin(), more.end()); };
  if (results.front().idle) add(idle_rows());
  if (!results.front().steps.empty()) add(saturation_rows());
  for (const Row& row : all) {
    std::vector<std::string>& line = lines.emplace_back(1, std::string(row.name));
    for (const Result& result : results) line.push_back(row.value(result));
  }
  return lines;
}

std::vector<std::string> course_of(const Result& result) {
  std::vector<std::string> lines;
  for (const Recovery& recovery : result.recoveries) {
    lines.push_back(recovery.fault + ": over after " + milliseconds(recovery.over) + " ms, " +
                    (recovery.ready.count() == 0 ? "no instance was seen unready"
                                                 : "all instances ready again after " + milliseconds(recovery.ready) + " ms"));
  }
  for (const Step& step : result.steps) {
    lines.push_back(fixed(step.rate, 0) + " a second " + (step.held ? "held" : "did not hold (" + step.limit + ")") + ": p99 " +
                    milliseconds(step.p99) + " ms, " + fixed(step.delivered_per_second, 0) + " delivered a second");
  }
  return lines;
}

void print_results(std::ostream& out, std::span<const Result> results) {
  const std::vector<std::vector<std::string>> lines = table_lines(results);
  std::vector<std::size_t> widths(results.size() + 1);
  for (const auto& line : lines) {
    for (std::size_t n = 0; n < line.size(); ++n) widths[n] = std::max(widths[n], line[n].size());
  }
  for (const auto& line : lines) {
    out << line[0] << std::string(widths[0] - line[0].size(), ' ');
    for (std::size_t n = 1; n < line.size(); ++n) out << std::string(3 + widths[n] - line[n].size(), ' ') << line[n];
    out << '\n';
  }
  std::string below;
  for (const Result& result : results) {
    std::vector<std::string> notes = course_of(result);
    notes.insert(notes.end(), result.remarks.begin(), result.remarks.end());
    for (const std::string& note : notes) below.append(result.broker).append(": ").append(note).append("\n");
  }
  if (!below.empty()) out << '\n' << below;
}

}  // namespace signalbox::bench
