#include "server/broker_factory.hpp"

#include "brokers/memory/memory_broker.hpp"
#include "core/fault.hpp"
#include "core/plugins/plugin_broker.hpp"
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

BrokerFactory::BrokerFactory(const Config::Broker& config) : settings_(config.settings), name_(kMemory), version_(kVersion) {
  if (config.plugin == kMemory) return;
  library_ = load_plugin(config.plugin, config.plugin_path);
  name_ = library_.descriptor->name;
  version_ = library_.descriptor->version;
}

std::unique_ptr<Broker> BrokerFactory::make(Host& host) const {
  if (!library_.descriptor) return std::make_unique<MemoryBroker>(settings_);
  return make_plugin_broker(*library_.descriptor, host, settings_, library_.path);
}

}  // namespace signalbox
