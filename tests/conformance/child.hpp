// Inside the child process: one case, or a holder.
#pragma once

#include <string>
#include <vector>

#include "tests/conformance/cases.hpp"

namespace signalbox::conformance {

/// Runs the case as the one test of GoogleTest and writes its result to standard output for the runner (runner.hpp).
/// Returns the exit code. Called once.
int run_case(const Case& one, Trial& trial);

/// Subscribes to `channels`, writes "holding" once all are confirmed, and stays until SIGTERM.
int hold_channels(const Subject& subject, const Values& values, const std::string& prefix,
                  const std::vector<std::string>& channels);

}  // namespace signalbox::conformance
