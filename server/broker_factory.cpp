#include "server/broker_factory.hpp"

#include "brokers/memory/memory_broker.hpp"
#include "core/config/schema.hpp"
#include "core/config/sources.hpp"
#include "core/fault.hpp"
#include "core/plugins/plugin_broker.hpp"
#include "server/silent_host.hpp"
#include "server/version.hpp"

namespace signalbox {
namespace {

constexpr const char* kMemory = "memory";

}  // namespace

PluginTable PluginCatalog::table(const std::string& name_or_path, const std::vector<std::string>& plugin_path) {
  if (name_or_path == kMemory) return {kMemory, memory_options()};
  auto it = loaded_.find(name_or_path);
  if (it == loaded_.end()) it = loaded_.emplace(name_or_path, load_plugin(name_or_path, plugin_path)).first;
  return {it->second.descriptor->name, it->second.options};
}

FindPlugin PluginCatalog::finder() {
  return [this](const std::string& name_or_path, const std::vector<std::string>& plugin_path) {
    return table(name_or_path, plugin_path);
  };
}

FindPlugin PluginCatalog::finder_of_loaded() {
  return [this](const std::string& name_or_path, const std::vector<std::string>& plugin_path) {
    if (name_or_path != kMemory && !loaded_.contains(name_or_path)) {
      throw ConfigError("broker.plugin: " + name_or_path + " is not loaded");
    }
    return table(name_or_path, plugin_path);
  };
}

bool PluginCatalog::has(const std::string& name, const std::vector<std::string>& plugin_path) {
  return name == kMemory || plugin_file(name, plugin_path).has_value();
}

BrokerFactory::BrokerFactory(const Config::Broker& config) : section_(config), name_(kMemory), version_(kVersion) {
  if (config.plugin == kMemory) return;
  library_ = load_plugin(config.plugin, config.plugin_path);
  name_ = library_.descriptor->name;
  version_ = library_.descriptor->version;
}

std::unique_ptr<Broker> BrokerFactory::make(Host& host) const { return make(host, section_); }

void BrokerFactory::try_section(const Config& config) const {
  if (config.broker.section != name_) return;
  SilentHost host(config);
  make(host, config.broker);
}

std::unique_ptr<Broker> BrokerFactory::make(Host& host, const Config::Broker& section) const {
  const Settings settings(section.settings);
  if (!library_.descriptor) return std::make_unique<MemoryBroker>(settings);
  try {
    return make_plugin_broker(*library_.descriptor, host, settings, library_.path);
  } catch (const PluginRefusal& refusal) {
    throw ConfigError(located(refusal.words(), section.places));
  }
}

/// The words begin with a key, or several ("username and password: set both or none"), or with none.
std::string BrokerFactory::located(const std::string& words, const std::map<std::string, std::string>& places) const {
  const std::string section = "broker." + name_;
  const std::size_t colon = words.find(": ");
  const std::string key = words.substr(0, words.find_first_of(":, "));
  const bool has_key = colon != std::string::npos && Schema(section, library_.options).find(section + "." + key) != nullptr;
  const auto place = has_key && places.contains(key) ? places.find(key) : places.find("");
  const std::string where = place == places.end() ? std::string() : place->second;
  if (!has_key) return error_line(where, section, words);
  return error_line(where, section + "." + words.substr(0, colon), words.substr(colon + 2));
}

}  // namespace signalbox
