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

std::string ratio(const Figure& figure) {
  return figure.baseline && *figure.baseline > 0 ? number(figure.value / *figure.baseline) : std::string("-");
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

void print_table(std::ostream& out, const std::string& benchmark, const std::vector<Figure>& figures) {
  std::vector<std::vector<std::string>> rows{{benchmark, "value", "unit", "bare", "ratio", "target"}};
  for (const Figure& figure : figures) {
    rows.push_back({figure.name, number(figure.value), figure.unit, figure.baseline ? number(*figure.baseline) : "-",
                    ratio(figure), figure.target});
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
    if (ratio(figure) != "-") out << ",\"ratio\":" << figure.value / *figure.baseline;
    if (!figure.target.empty()) out << ",\"target\":" << quoted(figure.target);
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
