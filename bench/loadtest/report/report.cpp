#include "bench/loadtest/report/report.hpp"

#include <stdexcept>
#include <utility>

namespace signalbox::bench {

/// Made by embed.cmake from report.html and from Debian's package libjs-chart.js.
extern const std::string_view kReportPage;
extern const std::string_view kChartLibrary;
extern const std::string_view kChartLicence;

namespace {

/// As data inside <script>, where no text may look like the end of one or the beginning of a comment.
std::string as_data(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char letter : json) {
    if (letter == '<') {
      out += "\\u003c";
    } else {
      out += letter;
    }
  }
  return out;
}

}  // namespace

std::string report_html(std::string_view json) {
  const std::pair<std::string_view, std::string> parts[] = {
      {"{{LICENCE}}", std::string(kChartLicence)}, {"{{CHART}}", std::string(kChartLibrary)}, {"{{DATA}}", as_data(json)}};
  std::string page;
  std::string_view rest = kReportPage;
  for (const auto& [mark, text] : parts) {  // in the order in which they stand
    const std::size_t at = rest.find(mark);
    if (at == std::string_view::npos) throw std::logic_error("report.html has no " + std::string(mark));
    page.append(rest.substr(0, at)).append(text);
    rest.remove_prefix(at + mark.size());
  }
  return page.append(rest);
}

}  // namespace signalbox::bench
