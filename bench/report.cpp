#include "bench/report.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string_view>

namespace signalbox::bench {

namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) < 1000 ? "%.2f" : "%.0f", value);
  return text;
}

std::optional<double> ratio(const Figure& figure) {
  if (!figure.baseline || *figure.baseline <= 0) return std::nullopt;
  return figure.value / *figure.baseline;
}

std::string in_words(const Figure& figure) {
  if (!figure.target) return {};
  std::string text = figure.target->of == Target::Of::ratio ? "ratio " : "";
  text += figure.target->bound == Target::Bound::at_most ? "<= " : ">= ";
  text += number(figure.target->limit);
  return figure.target->of == Target::Of::ratio ? text : text + ' ' + figure.unit;
}

std::string verdict(const Figure& figure) {
  const std::optional<bool> met = figure.met();
  if (!met) return {};
  return *met ? "met" : "MISSED";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') out += '\\';
    out += letter;
  }
  return out += '"';
}

}  // namespace

std::optional<bool> Figure::met() const {
  if (!target) return std::nullopt;
  const std::optional<double> judged = target->of == Target::Of::ratio ? ratio(*this) : value;
  if (!judged) return std::nullopt;
  return target->bound == Target::Bound::at_most ? *judged <= target->limit : *judged >= target->limit;
}

void print_table(std::ostream& out, const std::string& benchmark, const std::vector<Figure>& figures) {
  std::vector<std::vector<std::string>> rows{{benchmark, "value", "unit", "bare", "ratio", "target", ""}};
  for (const Figure& figure : figures) {
    const std::optional<double> over_bare = ratio(figure);
    rows.push_back({figure.name, number(figure.value), figure.unit, figure.baseline ? number(*figure.baseline) : "-",
                    over_bare ? number(*over_bare) : "-", in_words(figure), verdict(figure)});
  }
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      const bool is_number = i == 1 || i == 3 || i == 4;
      line += (is_number ? padding + row[i] : row[i] + padding) + "  ";
    }
    out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
  }
}

void print_json_lines(std::ostream& out, const std::string& benchmark, const std::vector<Figure>& figures) {
  for (const Figure& figure : figures) {
    out << "{\"benchmark\":" << quoted(benchmark) << ",\"figure\":" << quoted(figure.name) << ",\"value\":" << figure.value
        << ",\"unit\":" << quoted(figure.unit);
    if (figure.baseline) out << ",\"baseline\":" << *figure.baseline;
    if (const auto over_bare = ratio(figure)) out << ",\"ratio\":" << *over_bare;
    if (figure.target) out << ",\"target\":" << quoted(in_words(figure));
    if (const auto met = figure.met()) out << ",\"met\":" << (*met ? "true" : "false");
    out << "}\n";
  }
}

double median(std::vector<double> values) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace signalbox::bench
