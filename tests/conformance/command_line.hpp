// What both programs of the suite share: choosing cases, running them or one of them, reporting.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/report.hpp"

namespace CLI {
class App;
}

namespace signalbox::conformance {

/// The options that both programs have; the internal ones make this process a child.
struct Choice {
  std::vector<int> cases;         ///< empty: all
  std::chrono::seconds limit{0};  ///< for a case; 0: each case's own
  bool json = false;
  std::string results;  ///< a folder for one file a case; empty: none
  int run_case = 0;
  std::vector<std::string> hold;
  std::string instance;
  std::string prefix;
  std::vector<std::string> hold_values;  ///< KEY=VALUE of a holder
};

void add_options(CLI::App& app, Choice& choice);

/// "a=b" as {"a", "b"}. Errors: std::invalid_argument.
[[nodiscard]] std::pair<std::string, std::string> key_and_value(const std::string& text);

/// Runs the chosen cases, each in a child that `command` starts, and reports. Returns the exit code.
int run_cases(const Choice& choice, const Examined& examined, const std::vector<std::string>& command);

/// In a child: the one thing it is for. `command` starts a holder; a holder itself needs no backend. Returns the exit code.
int run_child(const Choice& choice, const std::vector<std::string>& command, const Subject& subject, Backend* backend,
              std::FILE* result);

}  // namespace signalbox::conformance
