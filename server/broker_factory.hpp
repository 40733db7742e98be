// Makes the broker that the configuration names: the built-in memory broker, or a plugin's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "signalbox/broker.hpp"
#include "signalbox/settings.hpp"

#include "core/config/config.hpp"
#include "core/config/loader.hpp"
#include "core/plugins/plugin_library.hpp"

namespace signalbox {

/// The option tables of plugins, by name or path: what load_config() asks for. Keeps what it has loaded.
class PluginCatalog {
 public:
  /// Errors: ConfigError.
  PluginTable table(const std::string& name_or_path, const std::vector<std::string>& plugin_path);
  /// This as a function. Lifetime: not beyond the catalog's.
  FindPlugin finder();
  /// The same, but it loads nothing: what is not loaded is not found.
  FindPlugin finder_of_loaded();
  /// Whether there is a plugin of that name. Loads nothing.
  static bool has(const std::string& name, const std::vector<std::string>& plugin_path);

 private:
  std::map<std::string, PluginLibrary> loaded_;
};

class BrokerFactory {
 public:
  /// Errors: ConfigError if the plugin is missing or refused.
  explicit BrokerFactory(const Config::Broker& config);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& version() const noexcept { return version_; }

  /// Lifetime: `host` outlives the broker. Errors: ConfigError with the place of the key that the plugin complains of.
  std::unique_ptr<Broker> make(Host& host) const;
  /// Makes the broker of another section for the same plugin and lets it go, not started: what the plugin itself has to say of
  /// it, a URL it can't read or a file that is not there. Another plugin's section is not looked at. Loads nothing.
  /// Errors: ConfigError.
  void try_section(const Config& config) const;

 private:
  std::unique_ptr<Broker> make(Host& host, const Config::Broker& section) const;
  [[nodiscard]] std::string located(const std::string& words, const std::map<std::string, std::string>& places) const;

  PluginLibrary library_;  ///< without a descriptor: memory, built in
  Config::Broker section_;
  std::string name_;
  std::string version_;
};

}  // namespace signalbox
