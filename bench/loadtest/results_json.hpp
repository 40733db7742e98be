// The results for programs: results.json. docs/load-testing.md says what stands in it.
#pragma once

#include <span>
#include <string>

#include "bench/loadtest/environment.hpp"
#include "bench/loadtest/options.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// Times are in milliseconds, memory in bytes; what is not known is null.
[[nodiscard]] std::string results_json(const LoadTestOptions& options, const Environment& environment,
                                       std::span<const Result> results);

}  // namespace signalbox::bench
