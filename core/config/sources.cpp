#include "core/config/sources.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <system_error>

#include "core/config/files.hpp"
#include "core/config/printable.hpp"
#include "core/config/value.hpp"
#include "core/fault.hpp"

namespace signalbox {
namespace {

constexpr std::string_view kVariablePrefix = "SIGNALBOX_";
constexpr std::string_view kBrokerPrefix = "broker.";
constexpr std::size_t kLongestFile = 1024 * 1024;

bool is_plugin_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
  });
}

/// NAME of broker.NAME and broker.NAME.key; empty for every other key.
std::string plugin_of(std::string_view key) {
  if (!key.starts_with(kBrokerPrefix)) return {};
  key.remove_prefix(kBrokerPrefix.size());
  const std::string_view name = key.substr(0, key.find('.'));
  return is_plugin_name(name) ? std::string(name) : std::string();
}

class Collector {
 public:
  Collector(const Source& source, const Schema& core) : source_(source), core_(core) {}

  Entries collect() {
    if (source_.file) add_file(*source_.file);
    for (const auto& [name, value] : source_.environment) add_variable(name, value);
    for (const auto& [key, value] : source_.overrides) add_text("--set", key, value);
    return std::move(entries_);
  }

 private:
  void add_file(const std::string& path) {
    file_ = printable(path);
    try {
      const YamlNode root = parse_yaml(read_file(path, kLongestFile));
      if (root.kind == YamlNode::Kind::null) return;
      if (root.kind != YamlNode::Kind::map) {
        throw YamlError(root.position, std::string("expected a map of sections, got ") + describe(root.kind));
      }
      add_map(root, "");
    } catch (const std::system_error& error) {
      throw ConfigError(file_ + ": can't be read: " + error.code().message());
    } catch (const YamlError& error) {
      throw ConfigError(at(error.position) + ": " + error.what());
    }
  }

  [[nodiscard]] std::string at(YamlPosition position) const {
    return file_ + ":" + std::to_string(position.line) + ":" + std::to_string(position.column);
  }

  void add_map(const YamlNode& map, const std::string& section) {
    for (const YamlEntry& entry : map.entries) {
      const std::string key = section.empty() ? entry.key : section + "." + entry.key;
      if (!seen_.insert(key).second) throw ConfigError(error_line(at(entry.position), key, "duplicate key"));
      if (core_.find(key) != nullptr) {
        entries_.core.push_back(made_from(entry, key));
      } else if (core_.is_section(key)) {
        add_section(entry, key);
      } else if (const std::string plugin = plugin_of(key); !plugin.empty()) {
        add_plugin_entry(entry, key, plugin);
      } else {
        throw ConfigError(unknown_key_line(made_from(entry, key), core_));
      }
    }
  }

  void add_section(const YamlEntry& entry, const std::string& key) {
    if (entry.value.kind == YamlNode::Kind::map) return add_map(entry.value, key);
    if (entry.value.kind == YamlNode::Kind::null) return;
    throw ConfigError(error_line(at(entry.value.position), key,
                                 std::string("expected a section (a map of keys), got ") + describe(entry.value.kind)));
  }

  void add_plugin_entry(const YamlEntry& entry, const std::string& key, const std::string& plugin) {
    const bool is_whole_section = key.size() == kBrokerPrefix.size() + plugin.size();
    const bool holds_keys = entry.value.kind == YamlNode::Kind::map && !entry.value.entries.empty();
    if (is_whole_section && entry.value.kind != YamlNode::Kind::map && entry.value.kind != YamlNode::Kind::null) {
      if (!core_.suggestion(key).empty()) throw ConfigError(unknown_key_line(made_from(entry, key), core_));
      throw ConfigError(
          error_line(at(entry.value.position), key,
                     std::string("expected a plugin's section (a map of keys), got ") + describe(entry.value.kind)));
    }
    Entries::Section& section = entries_.plugins[plugin];
    if (section.where.empty()) section.where = at(entry.position);
    if (holds_keys) return add_map(entry.value, key);
    if (!is_whole_section) section.entries.push_back(made_from(entry, key));
  }

  [[nodiscard]] Entry made_from(const YamlEntry& entry, const std::string& key) const {
    // A value that is not there has no position of its own.
    const bool is_absent = entry.value.kind == YamlNode::Kind::null;
    return {at(is_absent ? entry.position : entry.value.position), at(entry.position), key, entry.value};
  }

  void add_variable(const std::string& name, const std::string& value) {
    if (!name.starts_with(kVariablePrefix)) return;
    std::string_view rest = std::string_view(name).substr(kVariablePrefix.size());
    if (rest.find("__") == std::string_view::npos) return;
    std::string key;
    while (!rest.empty()) {
      const bool separator = rest.starts_with("__");
      const char character = rest.front();
      key += separator ? '.' : character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
      rest.remove_prefix(separator ? 2 : 1);
    }
    add_text(name, key, value);
  }

  void add_text(const std::string& where, const std::string& key, const std::string& text) {
    Entry entry{where, where, key, {}};
    try {
      entry.value = parse_yaml_value(text);
    } catch (const YamlError& error) {
      throw ConfigError(error_line(where, key, error.what()));
    }
    const std::string plugin = plugin_of(key);
    const bool is_plugin_key = !plugin.empty() && key.size() > kBrokerPrefix.size() + plugin.size() + 1;
    if (core_.find(key) != nullptr) {
      entries_.core.push_back(std::move(entry));
    } else if (is_plugin_key) {
      Entries::Section& section = entries_.plugins[plugin];
      if (!section.given_by_hand) section.where = where;
      section.given_by_hand = true;
      section.entries.push_back(std::move(entry));
    } else {
      throw ConfigError(unknown_key_line(entry, core_));
    }
  }

  const Source& source_;
  const Schema& core_;
  std::string file_;
  std::set<std::string> seen_;
  Entries entries_;
};

}  // namespace

std::string error_line(const std::string& where, const std::string& key, const std::string& reason) {
  const std::string_view separator = where.empty() ? "" : where == "--set" ? " " : ": ";
  constexpr std::size_t kLongestKey = 200;
  const std::string name = key.size() > kLongestKey ? printable(key.substr(0, kLongestKey)) + "…" : printable(key);
  return where + std::string(separator) + name + ": " + reason;
}

std::string unclaimed_section_line(const std::string& where, const std::string& name, const std::string& reason) {
  return error_line(where, std::string(kBrokerPrefix) + name, "no plugin claims this section: " + reason);
}

std::string unknown_key_line(const Entry& entry, const Schema& schema) {
  if (!entry.key.empty() && schema.is_section(entry.key)) {
    return error_line(entry.key_where, entry.key, "a section, not a key: set one of its keys");
  }
  return error_line(entry.key_where, entry.key, "unknown key" + did_you_mean(schema.suggestion(entry.key)));
}

Entries collect_entries(const Source& source, const Schema& core) { return Collector(source, core).collect(); }

}  // namespace signalbox
