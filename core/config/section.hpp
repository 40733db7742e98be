// Raw entries to validated values: one option, or the whole section of a plugin.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signalbox/settings.hpp"

#include "core/config/sources.hpp"

namespace signalbox {

/// The strongest entry of a key, or null.
[[nodiscard]] const Entry* last_entry(const std::vector<Entry>& entries, std::string_view key) noexcept;

/// The values of one option in plugin.h's form, secrets resolved: of its strongest entry, else its fallback. `check` (may be
/// null) sees each of them. Empty for an empty list and for an option that is absent.
/// Errors: ConfigError.
[[nodiscard]] std::vector<std::string> option_values(const Option& option, const std::string& key,
                                                     const std::vector<Entry>& entries, const Environment& environment,
                                                     void (*check)(const std::string&));

/// A plugin's section as plugin.h has it (signalbox_setting), complete. `section`: "broker.redis".
/// Errors: ConfigError.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> section_settings(const std::string& section,
                                                                                std::span<const Option> options,
                                                                                const std::vector<Entry>& entries,
                                                                                const Environment& environment);

}  // namespace signalbox
