// Mode idle: what users cost that get nothing, and whether the broker knows who is there.
#pragma once

#include <string>

#include "bench/loadtest/group.hpp"
#include "bench/loadtest/options.hpp"
#include "bench/loadtest/progress.hpp"
#include "bench/loadtest/result.hpp"

namespace signalbox::bench {

/// Of users that are connected: waits for `options.hold`, then asks who exists. Writes `result.idle`.
///
/// Errors: std::runtime_error, Interrupted.
void hold_idle(const LoadTestOptions& options, Group& group, const std::string& user_prefix, const Tell& tell, Result& result);

}  // namespace signalbox::bench
