#include "core/config/section.hpp"

#include <algorithm>

#include "core/config/value.hpp"
#include "core/fault.hpp"

namespace signalbox {
namespace {

bool has_flag(const Option& option, std::uint32_t flag) noexcept { return (option.flags & flag) != 0; }

std::vector<std::string> values_of(const Option& option, const YamlNode& node, const Environment& environment,
                                   void (*check)(const std::string&)) {
  std::vector<std::string> values = raw_values(option, node);
  for (std::string& value : values) {
    if (is_confidential(option)) value = resolve_secret(value, environment);
    value = normalise(option, value);
    if (check != nullptr) check(value);
  }
  return values;
}

/// The keys given below a prefix option, each once, in order; none that has a row of its own.
std::vector<std::string> keys_below(const Option& prefix, const Schema& schema, const std::vector<Entry>& entries) {
  std::vector<std::string> keys;
  for (const Entry& entry : entries) {
    const bool is_new = std::find(keys.begin(), keys.end(), entry.key) == keys.end();
    if (is_new && schema.find(entry.key) == &prefix) keys.push_back(entry.key);
  }
  return keys;
}

void refuse_unknown(const Schema& schema, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    if (schema.find(entry.key) != nullptr) continue;
    const bool is_empty_map = entry.value.kind == YamlNode::Kind::map && entry.value.entries.empty();
    if (schema.is_section(entry.key) && (is_empty_map || entry.value.kind == YamlNode::Kind::null)) continue;
    throw ConfigError(unknown_key_line(entry, schema));
  }
}

}  // namespace

const Entry* last_entry(const std::vector<Entry>& entries, std::string_view key) noexcept {
  const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries.rend() ? nullptr : &*found;
}

std::vector<std::string> option_values(const Option& option, const std::string& key, const std::vector<Entry>& entries,
                                       const Environment& environment, void (*check)(const std::string&)) {
  const Entry* const entry = last_entry(entries, key);
  try {
    if (entry != nullptr) return values_of(option, entry->value, environment, check);
    if (has_flag(option, SIGNALBOX_OPTION_REQUIRED)) throw BadValue("must be set");
    const std::string fallback = option.fallback;
    const bool is_text = std::string_view(option.type) == "text";
    if (fallback.empty() && !is_text) return {};
    return values_of(option, parse_yaml_value(fallback), environment, check);
  } catch (const BadValue& error) {
    throw ConfigError(error_line(entry == nullptr ? "" : entry->where, key, error.what()));
  }
}

std::vector<std::pair<std::string, std::string>> section_settings(const std::string& section, std::span<const Option> options,
                                                                  const std::vector<Entry>& entries,
                                                                  const Environment& environment) {
  const Schema schema(section, options);
  refuse_unknown(schema, entries);
  std::vector<std::pair<std::string, std::string>> settings;
  for (const Option& option : options) {
    const std::string key = section + "." + option.key;
    const bool is_prefix = has_flag(option, SIGNALBOX_OPTION_PREFIX);
    for (const std::string& name : is_prefix ? keys_below(option, schema, entries) : std::vector{key}) {
      for (std::string& value : option_values(option, name, entries, environment, nullptr)) {
        settings.emplace_back(name.substr(section.size() + 1), std::move(value));
      }
    }
  }
  return settings;
}

}  // namespace signalbox
