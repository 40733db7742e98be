// Inside the child process: one case, or a holder.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "tests/conformance/cases.hpp"

namespace signalbox::conformance {

/// Standard output for results alone: from now on, what anybody else writes there goes to standard error. Called first, before
/// the plugin is loaded.
std::FILE* take_standard_output();

/// Runs the case as the one test of GoogleTest and writes its result for the runner (runner.hpp). Returns the exit code.
/// Called once.
int run_case(const Case& one, Trial& trial, std::FILE* result);

/// Subscribes to the channels, writes "holding" once all are confirmed, and stays until it is killed.
struct Holding {
  std::string instance;
  std::string prefix;
  std::vector<std::string> channels;
};
int hold_channels(const Subject& subject, const Values& values, const Holding& holding, std::FILE* result);

}  // namespace signalbox::conformance
