// What the tests of the configuration share: a folder of their own, two plugins' tables, and load_config in one call.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "core/config/loader.hpp"
#include "core/fault.hpp"
#include "tests/unit/core/config/alpha_options.hpp"

namespace signalbox {

inline constexpr Option kBetaOptions[] = {{"token", "text", "", "Who we are.", 0, 0, SIGNALBOX_OPTION_REQUIRED, 0}};

/// Knows alpha, beta, and alpha by path.
inline PluginTable find_test_plugin(const std::string& name, const std::vector<std::string>&) {
  if (name == "alpha" || name == "/opt/libsignalbox_alpha.so") return {"alpha", kAlphaOptions};
  if (name == "beta") return {"beta", kBetaOptions};
  throw ConfigError("broker.plugin: no plugin '" + name + "'");
}

class LoadingTest : public testing::Test {
 protected:
  LoadingTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "signalbox-config-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
  }
  ~LoadingTest() override { std::filesystem::remove_all(folder); }

  std::string write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path = folder / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  /// With `text` as the file and alpha as the plugin, unless the sources say otherwise.
  Config load(const std::string& text, Source source = {}, LoadMode mode = LoadMode::serve) {
    source.file = write("c.yaml", text);
    source.environment.insert(source.environment.begin(), {"SIGNALBOX_BROKER__PLUGIN", default_plugin});
    LoadedConfig loaded = load_config(source, find_test_plugin, mode);
    warnings = std::move(loaded.warnings);
    places = std::move(loaded.places);
    other_brokers = std::move(loaded.other_brokers);
    return std::move(loaded.config);
  }

  /// The error of load(), with the folder left out; "" if there is none.
  std::string error_of(const std::string& text, Source source = {}, LoadMode mode = LoadMode::serve) {
    try {
      load(text, std::move(source), mode);
      return "";
    } catch (const ConfigError& error) {
      return without_folder(error.what());
    }
  }

  [[nodiscard]] std::string without_folder(std::string line) const {
    const std::string prefix = folder.string() + "/";
    for (std::size_t at = line.find(prefix); at != std::string::npos; at = line.find(prefix)) line.erase(at, prefix.size());
    return line;
  }

  std::filesystem::path folder;
  std::string default_plugin = "alpha";
  std::vector<std::string> warnings;
  std::map<std::string, std::string> places;
  std::vector<Config::Broker> other_brokers;
};

}  // namespace signalbox
