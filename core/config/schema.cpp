#include "core/config/schema.hpp"

#include <algorithm>

#include "core/config/options.hpp"
#include "core/config/value.hpp"

namespace signalbox {
namespace {

bool is_below(std::string_view key, std::string_view section) {
  return section.empty() || (key.size() > section.size() && key.starts_with(section) && key[section.size()] == '.');
}

}  // namespace

Schema Schema::core() {
  Schema schema;
  for (const CoreOption& option : core_options()) schema.rows_.emplace_back(option.row.key, &option.row);
  return schema;
}

Schema::Schema(std::string_view section, std::span<const Option> options) {
  for (const Option& option : options) rows_.emplace_back(std::string(section) + "." + option.key, &option);
}

const Option* Schema::find(std::string_view key) const noexcept {
  const Option* found = nullptr;
  std::size_t longest = 0;
  for (const auto& [name, option] : rows_) {
    if (name == key) return option;
    const bool is_below = (option->flags & SIGNALBOX_OPTION_PREFIX) != 0 && key.size() > name.size() && key.starts_with(name);
    if (is_below && name.size() > longest) {
      longest = name.size();
      found = option;
    }
  }
  return found;
}

bool Schema::is_section(std::string_view key) const {
  return std::any_of(rows_.begin(), rows_.end(), [&](const auto& row) { return is_below(row.first, key); });
}

std::vector<std::string> Schema::children(std::string_view section) const {
  std::vector<std::string> keys;
  for (const auto& [name, option] : rows_) {
    if (!is_below(name, section)) continue;
    const std::size_t start = section.empty() ? 0 : section.size() + 1;
    std::string key = name.substr(0, name.find('.', start));
    if (keys.empty() || keys.back() != key) keys.push_back(std::move(key));
  }
  return keys;
}

std::string Schema::suggestion(std::string_view unknown) const {
  std::string_view section;
  for (std::size_t dot = unknown.find('.'); dot != std::string_view::npos; dot = unknown.find('.', dot + 1)) {
    if (!is_section(unknown.substr(0, dot))) break;
    section = unknown.substr(0, dot);
  }
  const std::size_t start = section.empty() ? 0 : section.size() + 1;
  const std::string level(unknown.substr(0, std::min(unknown.find('.', start), unknown.size())));
  // A key of which only the path below is wrong (url.x where url is text) stands among its own candidates.
  const std::vector<std::string> candidates = children(section);
  const std::string near = nearest(std::string_view(level).substr(start), [&] {
    std::vector<std::string> names;
    for (const std::string& candidate : candidates) names.push_back(candidate.substr(start));
    return names;
  }());
  if (!near.empty()) return level.substr(0, start) + near;
  const std::string_view last = unknown.substr(unknown.rfind('.') + 1);
  for (const auto& [name, option] : rows_) {
    if (std::string_view(name).substr(name.rfind('.') + 1) == last) return name;
  }
  return {};
}

}  // namespace signalbox
