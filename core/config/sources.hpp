// File, environment and flags as one sequence of raw entries, the later the stronger. What keys exist is checked here, what
// values mean is not.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config/schema.hpp"
#include "core/config/secrets.hpp"
#include "core/config/yaml.hpp"

namespace signalbox {

/// Where a configuration comes from.
struct Source {
  std::optional<std::string> file;
  Environment environment;
  /// --set KEY=VALUE, and flags under the key they stand for, in order.
  std::vector<std::pair<std::string, std::string>> overrides;
};

struct Entry {
  std::string where;      ///< of the value: "FILE:LINE:COL", a variable's name, "--set"
  std::string key_where;  ///< of the key
  std::string key;        ///< dotted
  YamlNode value;
};

/// One line: where, key, reason. `where` may be empty.
[[nodiscard]] std::string error_line(const std::string& where, const std::string& key, const std::string& reason);
/// Of broker.NAME, and why it is nobody's.
[[nodiscard]] std::string unclaimed_section_line(const std::string& where, const std::string& name, const std::string& reason);
[[nodiscard]] std::string unknown_key_line(const Entry& entry, const Schema& schema);

struct Entries {
  struct Section {
    std::string where;           ///< of its first mention
    bool given_by_hand = false;  ///< by environment or flag, so for this process
    std::vector<Entry> entries;
  };

  std::vector<Entry> core;
  std::map<std::string, Section> plugins;  ///< sections under `broker`, by name
};

/// Errors: ConfigError: unreadable file, bad YAML, unknown, duplicate or misplaced key.
[[nodiscard]] Entries collect_entries(const Source& source, const Schema& core);

}  // namespace signalbox
