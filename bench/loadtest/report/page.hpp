// The results for people: report.html, one file that asks for nothing else.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bench/loadtest/environment.hpp"
#include "bench/loadtest/options.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// `results_json`: what its charts are drawn from. `earlier_json`: of the run to compare with, or empty. All figures stand in
/// it without scripts as well.
[[nodiscard]] std::string report_page(const LoadTestOptions& options, const Environment& environment,
                                      std::span<const Result> results, const std::string& results_json,
                                      const std::string& earlier_json);

}  // namespace signalbox::bench
