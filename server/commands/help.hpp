// What --help prints: one layout for all commands.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

namespace signalbox::commands {

/// What stands below a command's options.
struct HelpEnd {
  bool reads_configuration = false;  ///< so the environment counts
  std::vector<std::pair<int, std::string_view>> exit_codes;
  std::vector<std::string_view> examples;
};
[[nodiscard]] std::string help_end(const HelpEnd& end);

/// The text of `app`, a command or the executable itself, in lines of at most 100 columns. A description's first line is its
/// summary.
[[nodiscard]] std::string help_text(const CLI::App& app);

/// What is wrong with a command line that CLI11 refuses, and where to read on: whole lines.
[[nodiscard]] std::string usage_fault(const CLI::App& app, const CLI::ParseError& fault);

}  // namespace signalbox::commands
