// One broker's turn in a load test: connect, warm up, measure.
#pragma once

#include <string>

#include "bench/loadtest/group.hpp"
#include "bench/loadtest/options.hpp"
#include "bench/loadtest/progress.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// `broker`: to be started; empty: the targets.
///
/// Errors: std::runtime_error where a server does not start or a client is not let in; Interrupted. Nothing that was started
/// is left behind.
/// Threading: this process has one thread.
Result run_trial(const LoadTestOptions& options, const std::string& broker, Progress& progress);

}  // namespace signalbox::bench
