// effective_yaml: the configuration as `check` prints it.
#include <algorithm>
#include <string_view>

#include <yaml-cpp/yaml.h>

#include "core/config/loader.hpp"
#include "core/config/options.hpp"
#include "core/config/schema.hpp"
#include "core/config/value.hpp"

namespace signalbox {
namespace {

std::string shown(const Option& option, const std::string& value) {
  if (value.empty()) return value;
  if ((option.flags & SIGNALBOX_OPTION_SECRET) != 0) return std::string(kMask);
  return (option.flags & SIGNALBOX_OPTION_URL) != 0 ? mask_url(value) : humanise(option, value);
}

YAML::Node node_of(const Option& option, const std::vector<std::string>& values) {
  if (!is_list(option)) return YAML::Node(shown(option, values.front()));
  YAML::Node list(YAML::NodeType::Sequence);
  list.SetStyle(YAML::EmitterStyle::Flow);
  for (const std::string& value : values) list.push_back(shown(option, value));
  return list;
}

/// Puts a value under its dotted path. (yaml-cpp's nodes are references; assigning one to another would merge them.)
void put(YAML::Node map, std::string_view key, const YAML::Node& value) {
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos) {
    map[std::string(key)] = value;
  } else {
    put(map[std::string(key.substr(0, dot))], key.substr(dot + 1), value);
  }
}

void put_section(YAML::Node broker, const PluginTable& table,
                 const std::vector<std::pair<std::string, std::string>>& settings) {
  YAML::Node section = broker[table.name];
  const Schema schema(table.name, table.options);
  for (const Option& option : table.options) {
    const std::string_view key = option.key;
    if ((option.flags & SIGNALBOX_OPTION_PREFIX) != 0) {
      for (const auto& [name, value] : settings) {
        if (schema.find(table.name + "." + name) != &option) continue;
        const std::string below = name.substr(key.size());
        section[std::string(key.substr(0, key.size() - 1))][below] = shown(option, value);
      }
      continue;
    }
    std::vector<std::string> values;
    for (const auto& [name, value] : settings) {
      if (name == key) values.push_back(value);
    }
    if (!values.empty() || is_list(option)) put(section, key, node_of(option, values));
  }
}

}  // namespace

std::string effective_yaml(const Config& config, const FindPlugin& find) {
  YAML::Node root(YAML::NodeType::Map);
  for (const CoreOption& option : core_options()) put(root, option.row.key, node_of(option.row, option.get(config)));
  put_section(root["broker"], find(config.broker.plugin, config.broker.plugin_path), config.broker.settings);
  YAML::Emitter emitter;
  emitter << root;
  return std::string(emitter.c_str()) + "\n";
}

}  // namespace signalbox
