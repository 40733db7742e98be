#include "tests/conformance/subject.hpp"

#include "core/config/loader.hpp"
#include "core/config/section.hpp"
#include "core/fault.hpp"
#include "core/plugins/plugin_broker.hpp"

namespace signalbox::conformance {

Settings validated(const std::string& section, std::span<const Option> options, const Values& values) {
  const std::string path = "broker." + section;
  const Schema schema(path, options);
  std::vector<Entry> entries;
  for (const auto& [key, value] : values) {
    Entry entry{"--set", "--set", path + "." + key, parse_yaml_value(value)};
    if (!schema.find(entry.key)) throw ConfigError(unknown_key_line(entry, schema));
    entries.push_back(std::move(entry));
  }
  return Settings(section_settings(path, options, entries, process_environment()));
}

PluginSubject::PluginSubject(const std::string& name_or_path) : library_(load_plugin(name_or_path, {})) {}

std::string PluginSubject::name() const { return library_.descriptor->name; }

std::string PluginSubject::version() const { return library_.descriptor->version; }

void PluginSubject::check(const Values& values) const { static_cast<void>(validated(name(), library_.options, values)); }

std::unique_ptr<Broker> PluginSubject::make(Host& host, const Values& values) const {
  return make_plugin_broker(*library_.descriptor, host, validated(name(), library_.options, values));
}

}  // namespace signalbox::conformance
