// The subcommands of signalbox: each adds itself to the command line, and runs if it is the one chosen.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "core/config/config.hpp"
#include "core/config/loader.hpp"

namespace signalbox::commands {

/// Exit codes of all subcommands.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;
inline constexpr int kNotConnected = 3;

/// -c, --broker and --set, as they stand on every command that reads configuration.
struct ConfigOptions {
  std::optional<std::string> file;
  std::optional<std::string> broker;
  std::vector<std::string> sets;  ///< KEY=VALUE

  void add_to(CLI::App& command);
  using Overrides = std::vector<std::pair<std::string, std::string>>;
  /// The sources that they name. Errors: ConfigError.
  [[nodiscard]] Source source(Overrides more = {}) const;
  /// Loads them. Warnings go to standard error. Errors: ConfigError.
  [[nodiscard]] LoadedConfig load(const FindPlugin& find, LoadMode mode, Overrides more = {}) const;
};

/// What a subcommand does once it is chosen; returns the exit code.
using Run = std::function<int()>;

// Each returns the command's action; its options live as long as that.
Run add_serve(CLI::App& app);
Run add_check(CLI::App& app);
Run add_publish(CLI::App& app);
Run add_exists(CLI::App& app);
Run add_listen(CLI::App& app);
Run add_plugins(CLI::App& app);
Run add_bench(CLI::App& app);

}  // namespace signalbox::commands
