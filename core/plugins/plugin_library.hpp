// Finds and loads broker plugins, and refuses what does not fit before any of its code runs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "signalbox/settings.hpp"

namespace signalbox {

/// A loaded plugin. The library stays loaded until the process ends: client libraries keep threads and thread-local
/// destructors that outlive any dlclose.
struct PluginLibrary {
  const signalbox_plugin* descriptor = nullptr;
  std::vector<Option> options;
  std::filesystem::path path;
};

/// The folders where a plugin given by name is looked for, in order: `plugin_path`, plugins/ beside the executable,
/// ../lib/signalbox/plugins from it, the install directory.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::string>& plugin_path);

/// The file of the plugin called `name`, if there is one: libsignalbox_NAME.so in plugin_folders().
std::optional<std::filesystem::path> plugin_file(const std::string& name, const std::vector<std::string>& plugin_path);

/// Loads the plugin called `name_or_path`: a path if it holds a slash, else plugin_file().
/// Errors: ConfigError with what was looked for and where, or why it was refused.
PluginLibrary load_plugin(const std::string& name_or_path, const std::vector<std::string>& plugin_path);

/// One file that looks like a plugin: loaded, or why not.
struct FoundPlugin {
  std::filesystem::path path;
  PluginLibrary library;  ///< descriptor is null if refused
  std::string refusal;
};

/// Every libsignalbox_*.so in plugin_folders(), the first of each name only.
std::vector<FoundPlugin> find_plugins(const std::vector<std::string>& plugin_path);

}  // namespace signalbox
