#include "core/config/changes.hpp"

#include <map>

#include "core/config/options.hpp"

namespace signalbox {
namespace {

using Settings = std::map<std::string, std::vector<std::string>>;

/// The values of each key of the plugin's section. A key may have several, or be in one of the two configurations only.
Settings by_key(const Config::Broker& broker) {
  Settings values;
  for (const auto& [key, value] : broker.settings) values["broker." + broker.section + "." + key].push_back(value);
  return values;
}

std::vector<std::string> changed_settings(const Config::Broker& running, const Config::Broker& wanted) {
  std::vector<std::string> keys;
  if (running.section != wanted.section) return keys;
  const Settings before = by_key(running);
  const Settings after = by_key(wanted);
  for (const auto& [key, values] : before) {
    const auto found = after.find(key);
    if (found == after.end() || found->second != values) keys.push_back(key);
  }
  for (const auto& [key, values] : after) {
    if (!before.contains(key)) keys.push_back(key);
  }
  return keys;
}

}  // namespace

ConfigChanges changes_between(const Config& running, const Config& wanted) {
  ConfigChanges changes;
  for (const CoreOption& option : core_options()) {
    if (option.get(running) == option.get(wanted)) continue;
    (option.live ? changes.live : changes.restart).emplace_back(option.row.key);
  }
  for (std::string& key : changed_settings(running.broker, wanted.broker)) changes.restart.push_back(std::move(key));
  return changes;
}

Config with_live_keys(Config running, const Config& wanted) {
  for (const CoreOption& option : core_options()) {
    if (option.live) option.set(running, option.get(wanted));
  }
  return running;
}

}  // namespace signalbox
