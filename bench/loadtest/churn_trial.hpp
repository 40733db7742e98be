// Mode connect: how fast connections come and go.
#pragma once

#include <string>

#include "bench/loadtest/group.hpp"
#include "bench/loadtest/options.hpp"
#include "bench/loadtest/progress.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// Opens connections at `options.rate`, each of one of the users in turn, and closes each once it is registered. Writes what it
/// came to into `result`: connections, latencies, usage, remarks.
///
/// Errors: std::runtime_error, Interrupted.
void measure_churn(const LoadTestOptions& options, Group& group, const std::string& user_prefix, const Tell& tell,
                   Result& result);

}  // namespace signalbox::bench
