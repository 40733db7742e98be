// The results for people: report.html, one file that needs nothing else.
#pragma once

#include <string>
#include <string_view>

namespace signalbox::bench {

/// The page with its charting library, that library's licence, and the results that it draws. `json`: results_json()'s.
[[nodiscard]] std::string report_html(std::string_view json);

}  // namespace signalbox::bench
