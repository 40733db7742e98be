#include "core/config/loader.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include <unistd.h>

#include "core/config/checks.hpp"
#include "core/config/options.hpp"
#include "core/config/section.hpp"
#include "core/config/value.hpp"
#include "core/fault.hpp"

namespace signalbox {
namespace {

class Loader {
 public:
  Loader(const Source& source, const FindPlugin& find, LoadMode mode)
      : source_(source), find_(find), mode_(mode), schema_(Schema::core()) {}

  LoadedConfig load() {
    entries_ = collect_entries(source_, schema_);
    for (const CoreOption& option : core_options()) {
      option.set(config_, option_values(option.row, option.row.key, entries_.core, source_.environment, option.check));
    }
    load_broker_section();
    check_other_sections();
    check_api_is_guarded();
    return {std::move(config_), std::move(warnings_), places(), std::move(skipped_sections_), std::move(other_brokers_)};
  }

 private:
  /// The reason of FindPlugin's error, without the key.
  static std::string refusal(const ConfigError& error) {
    constexpr std::string_view kKey = "broker.plugin: ";
    const std::string_view line = error.what();
    return std::string(line.starts_with(kKey) ? line.substr(kKey.size()) : line);
  }

  [[nodiscard]] std::string where(std::string_view key) const {
    const Entry* entry = last_entry(entries_.core, key);
    return entry == nullptr ? std::string() : entry->where;
  }

  [[nodiscard]] std::map<std::string, std::string> places() const {
    std::map<std::string, std::string> found;
    for (const Entry& entry : entries_.core) found[entry.key] = entry.where;
    for (const auto& [name, section] : entries_.plugins) {
      for (const Entry& entry : section.entries) found[entry.key] = entry.where;
    }
    return found;
  }

  void load_section(const PluginTable& table, Config::Broker& broker) const {
    const auto found = entries_.plugins.find(table.name);
    const Entries::Section section = found == entries_.plugins.end() ? Entries::Section{} : found->second;
    const std::string name = "broker." + table.name;
    broker.section = table.name;
    broker.settings = section_settings(name, table.options, section.entries, source_.environment);
    broker.places[""] = section.where;
    for (const Entry& entry : section.entries) broker.places[entry.key.substr(name.size() + 1)] = entry.where;
  }

  void load_broker_section() {
    PluginTable table;
    try {
      table = find_(config_.broker.plugin, config_.broker.plugin_path);
    } catch (const ConfigError& error) {
      if (mode_ == LoadMode::reload) return;
      throw ConfigError(error_line(where("broker.plugin"), "broker.plugin", refusal(error)));
    }
    load_section(table, config_.broker);
  }

  void check_other_sections() {
    if (mode_ == LoadMode::reload) return;
    for (const auto& [name, section] : entries_.plugins) {
      if (name == config_.broker.section) continue;
      // A variable or flag was set for this process, so a misspelt one is a mistake; a file may serve many.
      if (mode_ == LoadMode::check || section.given_by_hand) {
        check_section(name, section);
      } else {
        skipped_sections_[name] = section.where;
      }
    }
  }

  void check_section(const std::string& name, const Entries::Section& section) {
    PluginTable table;
    try {
      table = find_(name, config_.broker.plugin_path);
    } catch (const ConfigError& error) {
      const std::string line = unclaimed_section_line(section.where, name, refusal(error));
      if (section.given_by_hand) throw ConfigError(line + did_you_mean(nearest(name, {config_.broker.section})));
      warnings_.push_back(line);
      return;
    }
    if (mode_ != LoadMode::check) return;
    Config::Broker& broker = other_brokers_.emplace_back(config_.broker);
    broker.plugin = name;
    broker.places.clear();
    load_section(table, broker);
  }

  void check_api_is_guarded() {
    if (is_guarded(config_.api)) return;
    const std::string address = to_string(config_.api.listen);
    if (!config_.api.insecure) {
      throw ConfigError(error_line(where("api.listen"), "api.listen",
                                   address + " is open to others and api.keys is empty: set api.keys, listen on 127.0.0.1, or "
                                             "allow it with api.insecure: true"));
    }
    warnings_.push_back(error_line(where("api.insecure"), "api.insecure",
                                   "whoever reaches " + address + " can publish to every user: api.keys is empty"));
  }

  const Source& source_;
  const FindPlugin& find_;
  LoadMode mode_;
  std::vector<std::string> warnings_;
  std::map<std::string, std::string> skipped_sections_;
  std::vector<Config::Broker> other_brokers_;
  Schema schema_;
  Entries entries_;
  Config config_;
};

}  // namespace

LoadedConfig load_config(const Source& source, const FindPlugin& find, LoadMode mode) {
  return Loader(source, find, mode).load();
}

std::optional<std::string> default_config_file() {
  constexpr const char* kPath = "configs/signalbox.yaml";
  std::error_code error;
  if (std::filesystem::exists(kPath, error)) return kPath;
  return std::nullopt;
}

Environment process_environment() {
  Environment variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view pair = *variable;
    const std::size_t separator = pair.find('=');
    if (separator != std::string_view::npos) variables.emplace_back(pair.substr(0, separator), pair.substr(separator + 1));
  }
  return variables;
}

}  // namespace signalbox
