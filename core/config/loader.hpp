// Configuration from its sources: built-in defaults < file < environment < flags.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "signalbox/settings.hpp"

#include "core/config/config.hpp"
#include "core/config/sources.hpp"

namespace signalbox {

/// What a broker plugin says about its section. Lifetime of the options: the call that asked for them.
struct PluginTable {
  std::string name;
  std::span<const Option> options;
};

/// Finds a plugin by name or path, in these directories before the built-in ones.
/// Errors: ConfigError "broker.plugin: reason"; the loader puts the place in the configuration before it.
using FindPlugin = std::function<PluginTable(const std::string& name_or_path, const std::vector<std::string>& plugin_path)>;

enum class LoadMode {
  serve,  ///< of the sections of plugins only the chosen one's is validated, and no other plugin is loaded for the file's sake
  /// As `serve`, but a plugin that is not found is not complained about: its section is left unchecked, Config::Broker::section
  /// and settings empty. Environment and flags are those of the start and have been checked there.
  reload,
  check,  ///< every section whose plugin is found; the others become warnings
};

struct LoadedConfig {
  Config config;
  std::vector<std::string> warnings;  ///< a line each
  /// Where the values of keys stand: "FILE:LINE:COL", a variable's name, "--set". A key that is not here has its default.
  std::map<std::string, std::string> places;
  /// With LoadMode::serve: sections of other plugins, which were not looked at, and where they stand.
  std::map<std::string, std::string> skipped_sections;
  /// With LoadMode::check: Config::broker for every other plugin that is found and has a section, as if broker.plugin named it.
  std::vector<Config::Broker> other_brokers;
};

/// Errors: ConfigError, one line.
[[nodiscard]] LoadedConfig load_config(const Source& source, const FindPlugin& find, LoadMode mode);

/// The whole configuration as YAML that load_config reads back, but for the secrets: those are "***", in URLs too.
[[nodiscard]] std::string effective_yaml(const Config& config, const FindPlugin& find);

/// What is read without -c: configs/signalbox.yaml if there is one.
[[nodiscard]] std::optional<std::string> default_config_file();

/// The environment of this process. Threading: while no thread changes it.
[[nodiscard]] Environment process_environment();

}  // namespace signalbox
