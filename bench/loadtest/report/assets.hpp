// The parts of report.html that are files of the source tree, or of the charting library, and are built into the executable.
#pragma once

#include <string_view>

namespace signalbox::bench::assets {

extern const std::string_view kPage;          ///< page.html; what stands as {{name}} in it is filled in
extern const std::string_view kStyle;         ///< page.css
extern const std::string_view kDrawing;       ///< drawing.js
extern const std::string_view kCharts;        ///< charts.js
extern const std::string_view kScript;        ///< page.js
extern const std::string_view kChart;         ///< Chart.js
extern const std::string_view kChartLicence;  ///< Debian's copyright file of it

}  // namespace signalbox::bench::assets
