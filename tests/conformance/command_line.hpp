// What both programs of the suite share: choosing cases, running them or one of them, reporting.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/conformance/report.hpp"

namespace CLI {
class App;
}

namespace signalbox::conformance {

/// The options that both programs have; the internal ones make this process a child.
struct Choice {
  std::vector<int> cases;  ///< empty: all
  bool json = false;
  int run_case = 0;
  std::vector<std::string> hold;
  std::string prefix;
  std::vector<std::string> hold_values;  ///< KEY=VALUE of a holder
};

void add_options(CLI::App& app, Choice& choice);

/// "a=b" as {"a", "b"}. Errors: std::invalid_argument.
[[nodiscard]] std::pair<std::string, std::string> key_and_value(const std::string& text);

/// Runs what was chosen: each case in a child that `command` starts, or, in a child, the one thing it is for. Returns the exit
/// code.
int run(const Choice& choice, const Examined& examined, const std::vector<std::string>& command, const Subject& subject,
        const std::function<std::unique_ptr<Backend>()>& make_backend);

}  // namespace signalbox::conformance
