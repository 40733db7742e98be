// A load test from its options to its exit.
#pragma once

#include <string>

#include "bench/loadtest/options.hpp"

namespace signalbox::bench {

/// Measures each broker in turn, prints the table, writes the report. False if a bound was missed (judgement.hpp);
/// standard error says by whom. `version`: of signalbox.
///
/// Errors: ConfigError, std::runtime_error, Interrupted. What had been measured until then has been printed.
/// Threading: this process has one thread.
bool run_load_test(LoadTestOptions options, const std::string& version);

}  // namespace signalbox::bench
